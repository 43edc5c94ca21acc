"""Serve a tracker over the TraX protocol, with which the VOT toolkit drives trackers.

The toolkit starts a process for every run, sends the first frame with a region, then frame by frame, and
expects a region after each, the first included. Boxes are axis-aligned rectangles, 0-based, as VOT's are. Standard
output is the client's alone: what a tracker prints goes to standard error.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from curation.errors import InputError, printable
from training.messages import first_line
from training.tracking.interface import Tracker
from training.tracking.run.sequence_run import read_frame

log = logging.getLogger(__name__)

PATIENCE = 3
"""Seconds that the library has to see that its input has ended."""


@contextmanager
def prints_aside() -> Iterator[int]:
    """Send to standard error what is printed in the block; gives a descriptor of what standard output was."""
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        yield output
    finally:
        sys.stdout.flush()
        os.dup2(output, 1)
        os.close(output)


@contextmanager
def _speaking(output: int) -> Iterator[None]:
    """Let the library, which knows no other descriptor than 1, write to the client in the block."""
    sys.stdout.flush()
    os.dup2(output, 1)
    try:
        yield
    finally:
        os.dup2(2, 1)


def serve(tracker: Tracker, name: str, output: int) -> int:
    """Answer a TraX client on standard input until it quits.

    Parameters
    ----------
    tracker : Tracker
    name : str
        What the client is told.
    output : int
        Where it listens, from `prints_aside`, in which this must be called.

    Returns
    -------
    int
        Frames answered, those with a region to start on included.

    Raises
    ------
    ImportError
        Where the package `vot-trax` is not installed.
    InputError
        If a frame cannot be read or the client's first region is no target, of which the client is told; or
        if no client speaks the protocol.
    """
    import trax  # of the optional extra `vot`

    try:
        with _speaking(output):
            server = trax.Server(["rectangle"], ["path"], ["color"], name)
        try:
            answered = _answer(server, tracker, output)
        except Exception as error:
            with suppress(trax.TraxException), _speaking(output):
                server.quit(printable(first_line(error)))
            raise
        with _speaking(output):
            server.quit()
    except trax.TraxException as error:
        raise InputError(
            f"no TraX client speaks on standard input ({first_line(error)})",
            do="The VOT toolkit starts this itself, by the entry that vot --register prints",
            reason="no client",
        ) from None
    return answered


def _answer(server: Any, tracker: Tracker, output: int) -> int:
    """Track until the client quits; returns the frames answered."""
    import trax

    answered = 0
    waiting = threading.Event()
    threading.Thread(target=_end_with_the_input, args=(waiting,), daemon=True).start()
    while (request := _wait(server, waiting)).type != trax.TraxStatus.QUIT:
        frame = read_frame(Path(_image(request.image).path()))
        if request.type == trax.TraxStatus.INITIALIZE:
            if not request.objects:
                raise InputError("the TraX client gave no region to start on", reason="bad box")
            box = np.array(request.objects[0][0].bounds(), np.float64)
            tracker.init(frame, box)
        else:
            box = tracker.update(frame)
        with _speaking(output):
            server.status([(trax.Rectangle.create(*(float(value) for value in box)), {})])
        answered += 1
    return answered


def _wait(server: Any, waiting: threading.Event) -> Any:
    waiting.set()
    try:
        return server.wait()
    finally:
        waiting.clear()


def _end_with_the_input(waiting: threading.Event) -> None:
    """End the process if the client ended inside a message, because the library would loop for ever."""
    seen = 0
    while seen < PATIENCE:
        threading.Event().wait(1)
        seen = seen + 1 if waiting.is_set() and _input_has_ended() else 0
    log.error("error: no TraX client speaks on standard input: it ended in the middle of a message")
    os._exit(1)


def _input_has_ended() -> bool:
    """Whether the input is empty and closed."""
    try:
        ready, _, _ = select.select([0], [], [], 0)
        left = fcntl.ioctl(0, termios.FIONREAD, bytes(4))
    except OSError:  # of a device that does not tell
        return False
    return bool(ready) and not int.from_bytes(left, sys.byteorder)


def _image(images: Any) -> Any:
    """The colour image of a request: a mapping from channel to image, or the image itself."""
    return images["color"] if isinstance(images, dict) else images
