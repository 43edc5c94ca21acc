"""Which workers of a process are alive."""

from __future__ import annotations

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
