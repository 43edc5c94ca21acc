"""The tracker interface, and the base class that checks the order of calls and their values.

Boxes are `xywh`: left, top, width, height in pixels, 0-based, measured at pixel edges. The box
(0, 0, 2, 1) covers the two leftmost pixels of the top row; its centre lies at (x + (w - 1) / 2,
y + (h - 1) / 2) = (0.5, 0) in coordinates in which the middle of the top-left pixel is (0, 0).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError

Frame = NDArray[np.uint8]
Box = NDArray[np.float64]

Sight = Literal["clear", "doubtful", "hidden"]
"""How well a tracker sees its target: well; so badly that it learns nothing from the frame; not at all."""

log = logging.getLogger(__name__)


class Tracker(Protocol):
    """Follows one target through a video.

    Attributes
    ----------
    deterministic : bool
        Whether the same frames and first box always give the same boxes. Benchmarks repeat the others.
    """

    deterministic: bool

    def init(self, frame: Frame, box: Box) -> None:
        """Start on a (H, W, 3) uint8 BGR frame with the target's (4,) float64 xywh box; may be repeated."""

    def update(self, frame: Frame) -> Box:
        """Return the target's (4,) float64 xywh box in the next (H, W, 3) uint8 BGR frame."""


class CheckedTracker(ABC):
    """A tracker that checks its inputs and never returns NaN.

    Subclasses implement `_start` and `_locate` and may rely on their arguments. `init` may be called
    at any time; it forgets the previous target.

    Attributes
    ----------
    response : (h, w) float32 array or None
        The response map of the last `update`, for pictures; None before it, and of trackers that have none.
    sight : {"clear", "doubtful", "hidden"} or None
        How well the target was seen in the last `update`; None before it, and of trackers that do not know.
    """

    deterministic = True
    response: NDArray[np.float32] | None = None
    sight: Sight | None = None
    _box: Box | None = None

    def init(self, frame: Frame, box: Box) -> None:
        """Start tracking.

        Parameters
        ----------
        frame : (H, W, 3) uint8
            BGR image.
        box : (4,) float
            The target: xywh, pixels, 0-based. It may lie partly outside the frame.

        Raises
        ------
        InputError
            If the frame is no BGR uint8 image, or the box has no area, is not finite, or lies wholly outside.
        """
        check_frame(frame)
        target = check_box(box, width=frame.shape[1], height=frame.shape[0])
        self._box = self.response = self.sight = None
        self._start(frame, target)
        self._box = target.copy()

    def update(self, frame: Frame) -> Box:
        """Find the target in the next frame.

        Parameters
        ----------
        frame : (H, W, 3) uint8
            BGR image.

        Returns
        -------
        (4,) float64
            The target: xywh, pixels, 0-based; always finite, with a positive area. It may reach outside.

        Raises
        ------
        InputError
            If `init` was not called, or the frame is no BGR uint8 image.
        """
        if self._box is None:
            raise InputError(
                f"{type(self).__name__}.update was called before init",
                do="Call init(frame, box) with the first frame",
                reason="tracker not started",
            )
        check_frame(frame)
        self.response = self.sight = None
        box = np.asarray(self._locate(frame), dtype=np.float64)
        if not np.isfinite(box).all() or min(box[2:]) <= 0:
            log.warning("%s found no finite box and keeps the previous one", type(self).__name__)
            box = self._box
        self._box = box.copy()
        return box.copy()

    @abstractmethod
    def _start(self, frame: Frame, box: Box) -> None:
        """Forget everything and learn the target from a checked frame and box."""

    @abstractmethod
    def _locate(self, frame: Frame) -> Box:
        """Return the target's xywh box in a checked frame."""


def check_frame(frame: Frame) -> None:
    """Raise `InputError` unless `frame` is a non-empty (H, W, 3) uint8 array."""
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        found = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
        raise InputError(
            f"a tracker was given {found} as a frame",
            do="Pass BGR images: (height, width, 3) uint8",
            reason="not a frame",
        )
    if frame.size == 0:
        raise InputError(f"a tracker was given an empty frame {frame.shape}", reason="not a frame")


def check_box(box: Box, *, width: int, height: int) -> Box:
    """Return the xywh box as (4,) float64 if some of it lies inside a frame of `width` x `height` pixels.

    Raises
    ------
    InputError
        If it has not four numbers, is not finite, has no area, or lies wholly outside the frame.
    """
    values = np.asarray(box, dtype=np.float64)
    shown = np.array2string(values, separator=",", max_line_width=1000)
    ask = "Give the target as x,y,w,h in pixels, 0-based"
    if values.shape != (4,):
        raise InputError(f"box {shown} has not four numbers", do=ask, reason="bad box")
    if not np.isfinite(values).all():
        raise InputError(f"box {shown} is not finite", do=ask, reason="bad box")
    x, y, w, h = values
    if w <= 0 or h <= 0:
        raise InputError(f"box {shown} has no area", do=ask, reason="bad box")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise InputError(
            f"box {shown} lies wholly outside the frame of {width} x {height} pixels",
            do=ask,
            reason="bad box",
        )
    return values
