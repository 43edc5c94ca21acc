"""A tracker of one's own, held to what ours are held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curation.errors import InputError
from curation.rows import load_own
from training.tracking.interface import Box, CheckedTracker, Frame


class OwnTracker(CheckedTracker):
    """Any object with `init(frame, box)` and `update(frame) -> box`, made by code that a name leads to.

    It is taken for deterministic only if it says so, in an attribute `deterministic`.

    Parameters
    ----------
    name : str
        `module:Class` or `path/file.py:Class`; any callable that makes such an object will do.
    arguments : mapping
        Passed to it by keyword.

    Raises
    ------
    InputError
        If it cannot be loaded or made, or has not the two methods; from `update` also for an answer that is
        not four numbers.
    """

    def __init__(self, name: str, arguments: Mapping[str, Any]) -> None:
        self._name = name
        try:
            self._tracker = load_own(name, "tracker")(**arguments)
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"cannot make the tracker {name} ({type(error).__name__}: {error})",
                do="Mend its code, or its arguments in track.trackers",
                reason="bad code",
            ) from error
        if not all(callable(getattr(self._tracker, method, None)) for method in ("init", "update")):
            raise InputError(
                f"{name} is no tracker", do="Give it init(frame, box) and update(frame)", reason="bad code"
            )
        self.deterministic = bool(getattr(self._tracker, "deterministic", False))

    def _start(self, frame: Frame, box: Box) -> None:
        self._tracker.init(frame, box)

    def _locate(self, frame: Frame) -> Box:
        answer = self._tracker.update(frame)
        try:
            box = np.asarray(answer, dtype=np.float64)
        except (TypeError, ValueError):
            box = np.empty(0)
        if box.shape != (4,):
            raise InputError(
                f"{self._name} answered {str(answer)[:60]!r}",
                do="A tracker must answer x, y, w, h",
                reason="bad answer",
            )
        return box
