"""Progress of `follow`: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tqdm import tqdm

log = logging.getLogger(__name__)

LINE_EVERY = 10.0
"""Seconds from one line to the next."""


class Progress:
    """Counts frames; see `progress`. A terminal that has closed does not end the work."""

    def __init__(self, name: str, count: int | None, bar: tqdm, *, exact: bool) -> None:
        self._name, self._bar = name, bar
        self._of = "" if not count else f" of {count}" if exact else f" of about {count}"
        self._started = self._said = time.monotonic()
        self._done = 0

    def step(self) -> None:
        """Count one frame."""
        self._done += 1
        with suppress(OSError):
            self._bar.update()
        now = time.monotonic()
        if self._bar.disable and now - self._said >= LINE_EVERY:
            self._said = now
            rate = self._done / max(now - self._started, 1e-9)
            log.info("%s: %d%s frames, %.1f frames/s", self._name, self._done, self._of, rate)


@contextmanager
def progress(name: str, count: int | None, *, exact: bool = True) -> Iterator[Progress]:
    """Progress through `count` frames, exactly or about, if that is known, until the block ends."""
    bar = tqdm(total=count, desc=name, unit="frame", disable=not sys.stderr.isatty(), dynamic_ncols=True)
    try:
        yield Progress(name, count, bar, exact=exact)
    finally:
        with suppress(OSError):
            bar.close()
