"""Layouts of datasets: one row for each, and one module that reads it."""
