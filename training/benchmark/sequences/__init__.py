"""Where the sequences of a benchmark lie, and what a sequence is in memory."""
