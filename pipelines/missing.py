"""A module that is not installed, in one line: most often the environment is not activated.

Nothing is imported here but the standard library.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

OURS = ("curation", "training", "pipelines", "tests")
CURE = (
    "Activate the environment that make made (. .venv/bin/activate), or: pip install -e . -c constraints.txt"
)


def missing(error: ModuleNotFoundError) -> str:
    """What is missing and for which Python; empty for a module of ours, which is a fault of the program."""
    name = error.name or ""
    return "" if name.partition(".")[0] in ("", *OURS) else f"{name} is not installed for {sys.executable}"


@contextmanager
def told_if_missing() -> Iterator[None]:
    """End the program with one line if an import within it fails, before there is anything to report errors with."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not (said := missing(error)):
            raise
        sys.exit(f"error: {said}. {CURE}")
