"""The shells: one module for each stage. Parameters in, a library call, a report out."""
