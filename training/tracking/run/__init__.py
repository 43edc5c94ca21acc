"""Run trackers over sequences: one pass, with restarts, from other starts."""
