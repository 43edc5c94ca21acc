"""Delay Ctrl-C, SIGTERM and SIGHUP until critical work is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, the end that a system asks for, and a terminal that closes; Windows has no SIGHUP."""


class Interrupts:
    """Raise KeyboardInterrupt on `SIGNALS` in the block; inside `held`, at the end of it; after `finish`, never.

    Only the main thread receives signals; in another one this does nothing. A signal that is ignored stays so:
    `nohup` and shells in the background ask for that.
    """

    def __init__(self) -> None:
        self._holding = self._pending = self._finishing = False

    def __enter__(self) -> Interrupts:
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Finish this block before an interrupt counts."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def finish(self) -> None:
        """From now on what is under way ends anyway: signals that come in twos and threes change nothing."""
        self._finishing = True

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._finishing:
            return
        if self._holding:
            self._pending = True
        else:
            raise KeyboardInterrupt
