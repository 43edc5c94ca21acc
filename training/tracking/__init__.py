"""Trackers: any object with `init(frame, box)` and `update(frame) -> box`."""
