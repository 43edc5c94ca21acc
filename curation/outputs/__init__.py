"""Outputs that are whole once they are in place, written by one run at a time."""
