"""The training run: its loop, one step of it, and all that it keeps, measures and resumes from."""
