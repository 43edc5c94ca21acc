"""The shells: one module a stage, parameters in, a library call, a report out."""
