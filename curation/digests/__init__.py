"""Digests of files: computed once, remembered, and compared with later reads."""
