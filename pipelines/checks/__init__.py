"""Checks of a dataset tree, a DVC cache and an installation: what is missing, and the cure."""
