"""The newest frame of a live source: frames that arrive during tracking are left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from training.tracking.interface import Frame


def newest(read: Callable[[], Frame | None], release: Callable[[], None]) -> Iterator[Frame]:
    """The newest frame at each request; the first request gets the first frame.

    Parameters
    ----------
    read : callable
        Waits for a frame and returns it; None at the end. It runs in a thread of its own.
    release : callable
        Called once, when nothing is read any more.

    Raises
    ------
    Exception
        Whatever `read` raised.
    """
    changed = threading.Condition()
    state: dict[str, Frame | Exception | None] = {"frame": None, "failed": None}
    over = threading.Event()

    def pump() -> None:
        try:
            while not over.is_set() and (frame := read()) is not None:
                with changed:
                    state["frame"] = frame
                    changed.notify()
        except Exception as error:
            state["failed"] = error
        finally:
            release()
            with changed:
                over.set()
                changed.notify()

    thread = threading.Thread(target=pump, name="camera", daemon=True)
    thread.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: state["frame"] is not None or over.is_set())
                frame, state["frame"] = state["frame"], None
            if isinstance(state["failed"], Exception):
                raise state["failed"]
            if not isinstance(frame, Exception) and frame is not None:
                yield frame
            else:
                return
    finally:
        over.set()
        thread.join(timeout=5)
