"""A window on the screen, to show pictures and to draw a box."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from curation.errors import InputError
from training.tracking.interface import Box, Frame

_ENDS = (ord("q"), 27)
"""Keys that end: q and Escape."""

_TRY = "import cv2; cv2.namedWindow('try'); cv2.waitKey(1); cv2.destroyAllWindows()"

LARGEST = (1600, 850)
"""Width and height of what fits on a screen; larger frames are shown smaller."""

PATIENCE = 20
"""Seconds in which a window must open."""


def has_display() -> bool:
    """Whether a window can be opened; tried in a process of its own, because a missing display ends it."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRY], capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def ask_box(frame: Frame, name: str) -> Box:
    """The xywh box that somebody draws into a (H, W, 3) uint8 frame.

    Raises
    ------
    InputError
        If none is drawn.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
    shown = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame
    drawn = cv2.selectROI(f"{name}: draw the target, then Enter", shown, showCrosshair=False)
    cv2.destroyAllWindows()
    box = np.rint(np.array(drawn) / scale)
    if min(box[2:]) <= 0:
        raise InputError("no box was drawn", do="Draw one with the mouse and press Enter, or give --box")
    return box


class Window:
    """A window that shows pictures; see `window`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def show(self, picture: Frame) -> None:
        """Show a (H, W, 3) uint8 picture.

        Raises
        ------
        KeyboardInterrupt
            If q or Escape was pressed, or the window closed.
        """
        cv2.imshow(self._name, picture)
        closed = cv2.getWindowProperty(self._name, cv2.WND_PROP_VISIBLE) < 1
        if cv2.waitKey(1) & 0xFF in _ENDS or closed:
            raise KeyboardInterrupt


@contextmanager
def window(name: str) -> Iterator[Window]:
    """A window of that name, until the block ends."""
    cv2.namedWindow(name, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
    try:
        yield Window(name)
    finally:
        cv2.destroyAllWindows()
