"""Waiting for another process or thread, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

HUNG = 1200.0
"""Seconds after which a test calls it hung, and fails. What takes a second alone has taken 300 on a busy machine."""


def wait_until(condition: Callable[[], object], why: Callable[[], object] = lambda: "") -> None:
    """Look every millisecond; fail with what `why()` says once it is `HUNG`."""
    end = time.monotonic() + HUNG
    while not condition():
        assert time.monotonic() < end, why()
        time.sleep(0.001)
