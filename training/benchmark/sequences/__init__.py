"""Find the sequences of a benchmark, and hold them in memory."""
