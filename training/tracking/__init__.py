"""Trackers: any object with `init(frame, box)` and `update(frame) -> box`."""

from training.tracking.interface import Tracker

__all__ = ["Tracker"]
