"""A user's own tracker, checked like ours."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from curation.errors import InputError
from curation.rows import load_own, own_digest
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.roster import PATIENCE


class OwnTracker(CheckedTracker):
    """Wraps any object with `init(frame, box)` and `update(frame) -> box`, made by the code of a name.

    It is taken for deterministic only if it says so, in an attribute `deterministic`.

    Parameters
    ----------
    name : str
        `module:Class` or `path/file.py:Class`; any callable that makes such an object will do.
    arguments : mapping
        Passed to it by keyword.
    seconds : float
        Most that it may take to be made, and for an answer. Not looked at outside a process's main thread.
    content : str
        `own_digest` of its code, which must still be that; empty: any.

    Raises
    ------
    InputError
        If it cannot be loaded or made, or has not the two methods; from `init` and `update` also if it takes too long
        or ends the program, or for an answer that is not four finite numbers.
    """

    def __init__(
        self, name: str, arguments: Mapping[str, Any], *, seconds: float = PATIENCE, content: str = ""
    ) -> None:
        self._name, self._seconds = name, seconds
        if content and own_digest(name) != content:
            raise InputError(f"the file of {name} changed meanwhile", do="Run again", reason="changed code")
        try:
            self._tracker = self._call(load_own(name, "tracker"), **arguments)
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"cannot make the tracker {name} ({type(error).__name__}: {error})",
                do="Fix its code, or its arguments in track.trackers",
                reason="bad code",
            ) from error
        if not all(callable(getattr(self._tracker, method, None)) for method in ("init", "update")):
            raise InputError(
                f"{name} is not a tracker", do="Give it init(frame, box) and update(frame)", reason="bad code"
            )
        self.deterministic = bool(getattr(self._tracker, "deterministic", False))

    def _start(self, frame: Frame, box: Box) -> None:
        self._call(self._tracker.init, frame, box)

    def _locate(self, frame: Frame) -> Box:
        answer = self._call(self._tracker.update, frame)
        try:
            box = np.asarray(answer, dtype=np.float64)
        except (TypeError, ValueError):
            box = np.empty(0)
        if box.shape != (4,) or not np.isfinite(box).all():
            raise InputError(
                f"{self._name} answered {str(answer)[:60]!r}",
                do="Return x, y, w, h; for a lost target, the last box",
                reason="bad answer",
            )
        return box

    def _call(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        here = os.getpid()
        try:
            with _within(self._seconds, self._name):
                return function(*given, **named)
        except SystemExit as error:
            raise InputError(
                f"{self._name} ended the program (exit {error.code})", reason="bad code"
            ) from None
        finally:
            if os.getpid() != here:  # a process that it forked must not go on with our work
                os._exit(0)


@contextmanager
def _within(seconds: float, who: str) -> Iterator[None]:
    """Raise `InputError` in the block after so many seconds, and every second after that."""

    def late(*_: object) -> None:
        raise InputError(
            f"{who} took more than {seconds:g} s",
            do="Fix it, or give it longer: `seconds` beside its arguments in track.trackers",
            reason="too slow",
        )

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
