"""Memory as Linux tells it: of one process, and of a process with all below it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

EVERY = 0.2
"""Seconds from one look to the next."""


def megabytes(key: str, *, file: str = "/proc/self/status") -> float:
    """A line of a process's memory, in MB; the sum of those that begin so."""
    lines = Path(file).read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def below(process: int) -> Iterator[int]:
    """Numbers of the processes that it started, and that these started, and so on."""
    with suppress(OSError):  # it has just ended
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield int(child)
                yield from below(int(child))


def family() -> float:
    """Resident memory of this process and all below it, MB. A page that n processes share counts 1/n in each (Pss)."""
    total = 0.0
    for process in (os.getpid(), *below(os.getpid())):
        with suppress(OSError):
            total += megabytes("Pss:", file=f"/proc/{process}/smaps_rollup")
    return total


def watched(function: Callable[[], Result]) -> tuple[Result, float, float]:
    """Call it: what it returns, `family` before, and the largest `family` that was seen until its end."""
    before = most = family()
    ended = threading.Event()

    def look() -> None:
        nonlocal most
        while not ended.wait(EVERY):
            most = max(most, family())

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        result = function()
        most = max(most, family())
    finally:
        ended.set()
        watcher.join()
    return result, before, most
