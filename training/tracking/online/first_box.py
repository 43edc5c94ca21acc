"""The first box, freed from a strip of still background: what to track instead, and the box to give."""

from __future__ import annotations

import numpy as np

from training.tracking.interface import Box, Frame
from training.tracking.online.online_config import StripConfig
from training.tracking.online.still_strip import StillStrip

SMALLEST = 8.0
"""Frame pixels: a box with a shorter side is left as it is, because points in it cannot be told apart."""

HELD = 2**28
"""Bytes of frames that are kept at most: 43 frames of 1920 x 1080, 10 of 3840 x 2160."""

WHOLE = np.array([0.0, 0.0, 1.0, 1.0])
"""Left, top, width and height of a part of the first box, in shares of it: all of it."""


class FirstBox:
    """Watches the first frames, and keeps them until a strip is found or they are over.

    Parameters
    ----------
    config : StripConfig
    """

    def __init__(self, config: StripConfig) -> None:
        self.config = config
        self._strip: StillStrip | None = None
        self._seen: list[Frame] = []

    def start(self, frame: Frame, box: Box) -> None:
        """Forget everything, and watch a new target: its first frame, and its box xywh."""
        self._end()
        self._box, self._part = box.copy(), WHOLE
        if self.config.frames and min(box[2:]) >= SMALLEST:
            self._seen = [frame.copy()]  # the caller may use its memory again
            self._strip = StillStrip(self._seen[0], box)

    def watch(self, frame: Frame) -> tuple[Box, list[Frame]] | None:
        """Look at the next frame. One of another size ends the watch.

        Returns
        -------
        (box, frames) or None
            If a strip has been found: the first box without it, xywh, and all frames before this one, from the first.
        """
        if self._strip is None:
            return None
        seen = self._seen
        if frame.shape != seen[0].shape:
            self._end()
            return None
        frame = frame.copy()
        part = self._strip.look(frame)
        if part is not None:
            self._part = part
            self._end()
            size = self._box[2:]
            return np.concatenate([self._box[:2] + part[:2] * size, part[2:] * size]), seen
        seen.append(frame)
        if len(seen) > self.config.frames or (len(seen) + 1) * frame.nbytes > HELD:
            self._end()
        return None

    def whole(self, box: Box) -> Box:
        """The xywh box to give for the tracked one: with the strip that was cut off, whose share is kept."""
        size = box[2:] / self._part[2:]
        return np.concatenate([box[:2] - self._part[:2] * size, size])

    def _end(self) -> None:
        self._strip, self._seen = None, []
