"""Is a strip at an edge of the first box background? It stays with the surroundings while the rest moves."""

from __future__ import annotations

import cv2
import numpy as np

from training.tracking.interface import Box, Frame
from training.tracking.online.points import Points

GRID = 16
"""Points inside the box, a row and a column."""

AROUND = 18
"""Points a row and a column of the grid that reaches beyond the box; those inside it are left out."""

REACH, GAP = 0.8, 0.08
"""Mean sides of the target: how far from the box the outer points reach, and their least distance from it."""

MARGIN = 1.0
"""Mean sides that target and surroundings may move apart before points are lost."""

COMPARED, FINEST = 64, 0.5
"""Pixels of the target's mean side in the compared images; frame pixels in one of those pixels, at least."""

STILL, MOVED = 0.04, 0.12
"""Sides from where the surroundings' motion predicts a point: still under the first of these, moved over the second."""

STILL_PIXELS = 0.7
"""Frame pixels: of small targets, a point is still under this, and moved over three times this."""

OUTER, AGREE = 25, 0.5
"""Outer points that must be known, and their share that must agree on the surroundings' motion."""

MISSED, MISSED_PIXELS = 0.03, 1.0
"""Sides by which a point that agrees may miss where that motion takes it, and frame pixels, whichever is more."""

NARROWEST, WIDEST = 0.15, 0.6
"""Shares of the box that a strip may take."""

SURE = 0.9
"""Share of a strip's known points that are still."""

KNOWN = 0.5
"""Share of a strip's points that are known, and share of its innermost line that is still."""

PARTS, EACH = 4, 0.4
"""The strip's length in parts; share of each part's points that are still, so that none is a guess."""

REST_KNOWN, REST_MOVED, REST_STILL = 0.15, 0.3, 0.25
"""Of the rest of the box: least share known, least share moved, largest share still."""


class StillStrip:
    """Points in and around the first box, followed through the first frames.

    The motion of the surroundings is the similarity on which most outer points agree (RANSAC,
    `cv2.estimateAffinePartial2D`, which draws the same samples in every call). The numbers are those of
    trials/FIRST_BOX.md.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        It is kept until the next one.
    box : (4,) float64
        xywh, pixels; both sides at least a few.
    """

    def __init__(self, frame: Frame, box: Box) -> None:
        self._side = float(np.sqrt(box[2] * box[3]))
        step = max(self._side / COMPARED, FINEST)
        self._points = Points(frame, _places(box, self._side), step, MARGIN * self._side)

    def look(self, frame: Frame) -> Box | None:
        """What is left of the box without a strip of background, in shares of the box; None if none is seen.

        Parameters
        ----------
        frame : (H, W, 3) uint8
            The next one, of the same size.

        Returns
        -------
        (4,) float64 or None
            Left, top, width and height of the rest, of a box of side 1.
        """
        self._points.follow(frame)
        still = self._still()
        return None if still is None else without_strip(still)

    def _still(self) -> np.ndarray | None:
        """(GRID, GRID): 1 still, 0 moved, nan unknown; None if the surroundings' motion is not known."""
        points = self._points
        outer = points.known.copy()
        outer[: GRID * GRID] = False
        if outer.sum() < OUTER:
            return None
        motion, agree = cv2.estimateAffinePartial2D(
            points.first[outer],
            points.now[outer],
            method=cv2.RANSAC,
            ransacReprojThreshold=max(MISSED * self._side, MISSED_PIXELS),
        )
        if motion is None or agree.mean() < AGREE:
            return None
        predicted = points.first @ motion[:, :2].T + motion[:, 2]
        away = np.linalg.norm(points.now - predicted, axis=1)
        limit = max(STILL * self._side, STILL_PIXELS)
        far = max(MOVED * self._side, 3 * limit)
        state = np.where(away < limit, 1.0, np.where(away > far, 0.0, np.nan))
        state[~points.known] = np.nan
        return state[: GRID * GRID].reshape(GRID, GRID)


def without_strip(still: np.ndarray) -> Box | None:
    """Find the widest strip at an edge that is still while the rest moves.

    Parameters
    ----------
    still : (n, n) float64
        Points of the box, from its top left: 1 still, 0 moved, nan unknown.

    Returns
    -------
    (4,) float64 or None
        Left, top, width and height of the rest, of a box of side 1; None if no edge has such a strip.
    """
    lines = len(still)
    widest, part = 0, None
    views = {"left": still.T, "right": still.T[::-1], "top": still, "bottom": still[::-1]}
    for edge, view in views.items():
        for count in range(int(np.ceil(NARROWEST * lines)), int(WIDEST * lines) + 1):
            if count > widest and _is_strip(view, count):
                widest, part = count, _rest(edge, count / lines)
    return part


def _is_strip(view: np.ndarray, count: int) -> bool:
    """Whether the first `count` lines are background, and the others the target."""
    strip, rest = view[:count], view[count:]
    known = np.isfinite(strip).mean()
    return bool(
        known > KNOWN
        and (strip == 1).mean() >= SURE * known
        and (strip[-1] == 1).mean() >= KNOWN
        and min((part == 1).mean() for part in np.array_split(strip, PARTS, axis=1)) >= EACH
        and np.isfinite(rest).mean() > REST_KNOWN
        and (rest == 0).mean() >= REST_MOVED
        and (rest == 1).mean() <= REST_STILL
    )


def _rest(edge: str, share: float) -> Box:
    """Left, top, width and height of a box of side 1 without that share at an edge."""
    left, top = share * (edge == "left"), share * (edge == "top")
    across, down = share * (edge in ("left", "right")), share * (edge in ("top", "bottom"))
    return np.array([left, top, 1 - across, 1 - down])


def _places(box: Box, side: float) -> np.ndarray:
    """(n, 2) points, pixel-centre coordinates: first the grid inside, by rows, then those around."""
    corner, size = box[:2] - 0.5, box[2:]
    shares = (np.arange(GRID) + 0.5) / GRID
    inner = corner + _pairs(shares) * size
    outer = corner + size / 2 + _pairs(np.linspace(-1, 1, AROUND)) * (size / 2 + REACH * side)
    near = (np.abs(outer - corner - size / 2) < size / 2 + GAP * side).all(axis=1)
    return np.concatenate([inner, outer[~near]])


def _pairs(values: np.ndarray) -> np.ndarray:
    """(n n, 2) all (x, y) of these values, by rows."""
    return np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 2)
