"""From results to numbers: metrics and the protocols of each benchmark."""
