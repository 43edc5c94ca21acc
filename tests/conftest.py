"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import training  # noqa: F401  it sets what torch reads, before any test loads torch

# Commands that tests run keep their bytecode, as a user's do. Some machines forbid it, and every command compiles anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Tests send signals to themselves and to commands. `nohup`, and a shell's background, have some ignored.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that some checkouts have beside them; the test skips where it is absent."""
    if not (SHARED / "data" / "PROVENANCE.md").is_file():
        pytest.skip(f"real data not found: there is no {SHARED.name}/data folder beside the checkout")
    return SHARED
