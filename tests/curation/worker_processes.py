"""Which workers of a process are alive, and waiting for something to be so."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def workers_of(session: int) -> list[int]:
    """Process ids of joblib's workers that are alive in the session that process `session` leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, led_by = (entry / "stat").read_text().rpartition(") ")[2].split()[:4]
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(led_by) == session and state != "Z" and b"LokyProcess" in command:
                found.append(int(entry.name))
    return found


def wait_until(condition: Callable[[], bool], why: Callable[[], object] = lambda: "") -> None:
    """Look 50 times a second; after a minute fail, with what `why()` says."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.02)
