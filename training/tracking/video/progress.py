"""Progress of `follow`: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

log = logging.getLogger(__name__)

LINE_EVERY = 10.0
"""Seconds from one line to the next."""


class Progress:
    """Counts frames; see `progress`."""

    def __init__(self, name: str, count: int | None, bar: tqdm) -> None:
        self._name, self._count, self._bar = name, count, bar
        self._started = self._said = time.monotonic()
        self._done = 0

    def step(self) -> None:
        """Count one frame."""
        self._done += 1
        self._bar.update()
        now = time.monotonic()
        if self._bar.disable and now - self._said >= LINE_EVERY:
            self._said = now
            of = f" of {self._count}" if self._count else ""
            rate = self._done / max(now - self._started, 1e-9)
            log.info("%s: %d%s frames, %.1f frames/s", self._name, self._done, of, rate)


@contextmanager
def progress(name: str, count: int | None) -> Iterator[Progress]:
    """Progress through `count` frames, if that is known, until the block ends."""
    with tqdm(
        total=count, desc=name, unit="frame", disable=not sys.stderr.isatty(), dynamic_ncols=True
    ) as bar:
        yield Progress(name, count, bar)
