"""Boxes and polygons: corners, areas, and the ways trackers turn a polygon into a box to start from.

Boxes are `x y w h`; polygons `x1 y1 .. xV yV`; float64; pixels. None of these functions depends on the base.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array

Conversion = Literal["minmax", "area", "area_floor"]

FARTHEST = 1e6
"""Pixels; numbers beyond do not lie in an image, and a mask that reaches there fills the memory."""


def unusable(regions: Array) -> NDArray[np.bool_]:
    """Which rows (N, K) hold an infinite number or one beyond `FARTHEST`; NaN is neither."""
    return np.asarray((np.abs(regions) > FARTHEST).any(axis=1))


def corners(boxes: Array) -> Array:
    """Polygons (N, 8) of boxes (N, 4): top-left, top-right, bottom-right, bottom-left, from x to x + w."""
    x, y, w, h = boxes.T
    return np.stack([x, y, x + w, y, x + w, y + h, x, y + h], axis=1)


def outline(region: Array) -> Array | None:
    """Corners (V, 2) of a box (4,) or of a polygon (2V,), behind which NaN may stand; None where one of its numbers is
    missing or infinite.
    """
    known = np.flatnonzero(~np.isnan(region))
    region = region[: known[-1] + 1] if len(known) else region[:0]
    if len(region) < 4 or len(region) % 2 or not np.isfinite(region).all():
        return None
    return (corners(region[None])[0] if len(region) == 4 else region).reshape(-1, 2)


def polygon_area(polygons: Array) -> Array:
    """Areas (N,) of polygons (N, 2V), pixels squared, by the shoelace formula; never negative."""
    x, y = polygons[:, 0::2], polygons[:, 1::2]
    return 0.5 * np.abs((x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1))


def crossed(polygons: Array) -> NDArray[np.bool_]:
    """Which quadrilaterals (N, 8) have two opposite edges that properly cross each other."""
    points = polygons.reshape(len(polygons), 4, 2)
    a, b, c, d = (points[:, i] for i in range(4))
    return _cross(a, b, c, d) | _cross(b, c, d, a)


def _cross(p: Array, q: Array, r: Array, s: Array) -> NDArray[np.bool_]:
    def side(u: Array, v: Array, w: Array) -> Array:
        return np.sign((v[:, 0] - u[:, 0]) * (w[:, 1] - u[:, 1]) - (v[:, 1] - u[:, 1]) * (w[:, 0] - u[:, 0]))

    return (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)


def bounding_boxes(polygons: Array) -> Array:
    """Axis-aligned boxes (N, 4) `x y w h` around polygons (N, 2V): smallest and largest corner."""
    x, y = polygons[:, 0::2], polygons[:, 1::2]
    left, top = x.min(axis=1), y.min(axis=1)
    return np.stack([left, top, x.max(axis=1) - left, y.max(axis=1) - top], axis=1)


def box_from_polygon(polygons: Array, conversion: Conversion = "area") -> Array:
    """Boxes (N, 4) to start a tracker on, from polygons (N, 8); boxes (N, 4) are returned as they are.

    Parameters
    ----------
    polygons : (N, 8) or (N, 4) float64
        Ground truth.
    conversion : {"area", "area_floor", "minmax"}
        `"area"`: centre = mean of the corners, the bounding box scaled by s = sqrt(|p1p2| |p2p3| / its area),
        w = s w' + 1, h = s h' + 1 (got10k, pysot, most published trackers). `"area_floor"`: the same, w and h
        rounded down (DSLT). `"minmax"`: the bounding box, what TraX hands to a client that asks
        for a rectangle.
    """
    if polygons.shape[1] == 4:
        return polygons.copy()
    bounding = bounding_boxes(polygons)
    if conversion == "minmax":
        return bounding
    points = polygons.reshape(-1, 4, 2)
    sides = np.linalg.norm(points[:, 0] - points[:, 1], axis=1) * np.linalg.norm(
        points[:, 1] - points[:, 2], axis=1
    )
    scale = np.sqrt(sides / (bounding[:, 2] * bounding[:, 3]))
    size = scale[:, None] * bounding[:, 2:] + 1
    if conversion == "area_floor":
        size = np.floor(size)
    return np.concatenate([points.mean(axis=1) - size / 2, size], axis=1)
