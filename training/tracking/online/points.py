"""Follow points from frame to frame by Lucas-Kanade optical flow."""

from __future__ import annotations

import cv2
import numpy as np

from training.tracking.interface import Frame
from training.tracking.windows import sample_window

LEVELS = 3
"""Times that the images are halved to find large motions first."""

PATCH = (11, 11)
"""Width and height of what is compared around a point, pixels of the compared images."""

STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03)
"""Iterations a level at most, and pixels of a step that end them."""

RETURN = 1.0
"""Pixels of the compared images: a point that is followed back must end nearer than this to where it came from."""

BORDER = 2.0
"""Frame pixels: a point nearer to the frame's edge is lost."""


class Points:
    """Points and where they are now.

    Each frame is compared with the one before, forwards and back (Bouguet's pyramids, `cv2.calcOpticalFlowPyrLK`; the
    check is that of Kalal, Mikolajczyk and Matas, "Forward-backward error", ICPR 2010). Only a window around the
    points is looked at, and it moves with their median.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        It is kept until the next one.
    places : (n, 2) float64
        (x, y) of the points, in pixel-centre coordinates.
    step : float
        Frame pixels from one pixel of the compared images to the next.
    margin : float
        Frame pixels that the window reaches beyond the points.

    Attributes
    ----------
    first, now : (n, 2) float64
        Places in the first frame and in the last.
    known : (n,) bool
        Whether the point was found in every frame.
    """

    def __init__(self, frame: Frame, places: np.ndarray, step: float, margin: float) -> None:
        self.first = places.copy()
        self.now = places.copy()
        self.known = _within(places, frame)
        self._step = step
        width, height = np.ceil((np.ptp(places, axis=0) + 2 * margin) / step).astype(int)
        self._shape = (int(height), int(width))
        self._frame = frame

    def follow(self, frame: Frame) -> None:
        """Find the points that are still known in the next frame, of the same size."""
        known = np.flatnonzero(self.known)
        before, self._frame = self._frame, frame
        if not len(known):
            return
        centre = np.median(self.now[known], axis=0)
        old, new = self._grey(before, centre), self._grey(frame, centre)
        middle = (np.array(self._shape[::-1]) - 1) / 2
        start = ((self.now[known] - centre) / self._step + middle).astype(np.float32)
        found, there = _flow(old, new, start)
        back, again = _flow(new, old, found)
        good = there & again & (np.linalg.norm(back - start, axis=1) < RETURN)
        self.now[known] = centre + (found - middle) * self._step
        self.known[known] = good & _within(self.now[known], frame)

    def _grey(self, frame: Frame, centre: np.ndarray) -> np.ndarray:
        window = sample_window(frame, centre, (self._step, self._step), self._shape, fill=None)
        return cv2.cvtColor(window, cv2.COLOR_BGR2GRAY)


def _flow(old: np.ndarray, new: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) float32 places in the new image, and (n,) bool whether they were found."""
    there = np.zeros_like(places)
    places, found, _ = cv2.calcOpticalFlowPyrLK(
        old, new, places, there, winSize=PATCH, maxLevel=LEVELS, criteria=STOP
    )
    return places, found[:, 0] > 0


def _within(places: np.ndarray, frame: Frame) -> np.ndarray:
    """(n,) bool: inside the frame, not at its edge."""
    last = np.array([frame.shape[1], frame.shape[0]]) - 1 - BORDER
    return np.asarray(((places >= BORDER) & (places <= last)).all(axis=1))
