"""Backbones of the online tracker: networks, and weights from files people have."""
