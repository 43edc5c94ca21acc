"""Outputs that are complete once they are in place, written by one run at a time."""
