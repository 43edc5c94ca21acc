"""Benchmarks: sequences, protocols, metrics, reports. No torch: they measure any tracker, or any files."""
