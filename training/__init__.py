"""The learning plane: pairs, networks, losses and the loop; trackers; benchmarks."""
