"""The result of one check, and how to run a program for one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PATIENCE = 120.0
"""Seconds that a program may take to answer."""


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Parameters
    ----------
    check : str
        What was looked at, in two or three words.
    status : {"ok", "warn", "fail"}
        `fail`: something will not work. `warn`: it will, but perhaps not as wanted.
    message : str
        What was found, in plain words, one line.
    cure : str
        What to do, if there is something to do.
    """

    check: str
    status: Literal["ok", "warn", "fail"]
    message: str
    cure: str = ""


@dataclass(frozen=True)
class Answer:
    """The output of a program and whether it succeeded; `last` is its last error line."""

    succeeded: bool
    output: str
    last: str


def ask(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> Answer:
    """Run a program in a folder with an extended environment, and wait for it."""
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(False, "", str(error))
    complaints = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return Answer(done.returncode == 0, done.stdout, complaints[-1] if complaints else "")


def counted(number: int, thing: str) -> str:
    """`1 frame`, `1,200 frames`; of several words, the first is counted: `2 records of the run-cache`."""
    noun, space, rest = thing.partition(" of ")
    return f"{number:,} {noun}{'' if number == 1 else 's'}{space}{rest}"


def gigabytes(size: float) -> str:
    """A number of bytes for a message."""
    return f"{size / 1e9:,.1f} GB"
