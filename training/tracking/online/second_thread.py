"""Work beside the tracker's own: on a second core, while the next frame is read and its features are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import torch

Item = TypeVar("Item")
Made = TypeVar("Made")


class SecondThread:
    """A second thread of Python, with one thread of torch, if torch has more than one.

    With one thread (in the track stage, whose processes fill the machine; under OMP_NUM_THREADS=1; on one core) all is
    done at once: to change between two threads on one core costs 4 %. On a GPU too, which has a queue anyway.

    Parameters
    ----------
    device : torch.device
        Where the work computes.
    """

    def __init__(self, device: torch.device) -> None:
        self._worker: ThreadPoolExecutor | None = None
        if device.type == "cpu" and torch.get_num_threads() > 1:
            self._worker = ThreadPoolExecutor(1, "online-tracker", torch.set_num_threads, (1,))
        self._running: Future[None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin the work; without a second thread, do it."""
        self.wait()
        if self._worker is None:
            work()
        else:
            self._running = self._worker.submit(work)

    def wait(self) -> None:
        """Return when the work is done; raises what it raised."""
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def forget(self) -> None:
        """Return when the work is done, whatever it met: nobody will ask for what it made."""
        if self._running is not None:
            wait([self._running])
        self._running = None

    def share(self, work: Callable[[Sequence[Item]], Made], items: Sequence[Item]) -> list[Made]:
        """What `work` makes of all items, in order: of each half at the same time, where there is a second thread."""
        if self._worker is None or len(items) < 2:
            return [work(items)]
        half = len(items) // 2
        first = self._worker.submit(work, items[:half])
        second = work(items[half:])
        return [first.result(), second]
