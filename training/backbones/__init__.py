"""Backbones of the online tracker: networks, and their weights from files."""
