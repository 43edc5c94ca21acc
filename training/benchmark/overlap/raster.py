"""Overlap of regions counted in pixels, as the VOT toolkits do, for many pairs of regions at once.

A region is a row of four numbers (`x y w h`) or of 2V numbers (corners); a (N, 2V) array may hold boxes
too, the rest of such a row NaN. Each polygon becomes, on every pixel row, one or two spans of columns, so
that no mask is ever drawn: areas and intersections are sums of span lengths.

| rule | where | corners of a box | filled |
|---|---|---|---|
| `vot2016` | MATLAB toolkit 2016-06 to 2019-04, pysot: published VOT2016-18 | x, x + w | both ends |
| `vot2019` | MATLAB toolkit after 2019-04-17 | x, x + w - 1 | both ends |
| `vot2015` | stacks of VOT2013-15 | x, x + w, not rounded | without the far end |
| `vot-toolkit` | Python toolkit 0.5 and later | box without the far end, polygon with it | |
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array, Ints
from training.benchmark.overlap.spans import RasterRule, batches, fill, intersection


def raster_overlap(
    first: Array, second: Array, bounds: tuple[float, float] | Array | None, rule: RasterRule = "vot2016"
) -> Array:
    """Intersection over union of regions in pixels.

    Parameters
    ----------
    first, second : (N, 4) or (N, 2V) float64
        Regions, 0-based; a row with a NaN among its first four numbers is not a region.
    bounds : (x, y), (N, 2) float64, or None
        Pixels outside 0 .. x and 0 .. y do not count; None: all count. MATLAB uses the frame's size - 1.
    rule : {"vot2016", "vot2019", "vot2015", "vot-toolkit"}
        See the module's table.

    Returns
    -------
    (N,) float64
        NaN where either is not a region; 0 where nothing is left inside the bounds.

    Examples
    --------
    >>> a, b = np.array([[10.0, 10, 20, 20]]), np.array([[20.0, 20, 20, 20]])
    >>> float(raster_overlap(a, b, None).round(6)[0])  # 121 of 761 pixels
    0.159001
    """
    width = max(first.shape[1], second.shape[1], 8)
    first, second = _widen(first, width), _widen(second, width)
    result = np.full(len(first), np.nan)
    valid = ~(np.isnan(first[:, :4]).any(axis=1) | np.isnan(second[:, :4]).any(axis=1))
    if not valid.any():
        return result
    limits = np.full((len(first), 2), np.inf if bounds is None else 0.0)
    if bounds is not None:
        limits[:] = bounds
    pairs = np.concatenate([first, second, limits], axis=1)[valid]
    distinct, back = _distinct(pairs)
    a, b, limits = distinct[:, :width], distinct[:, width : 2 * width], distinct[:, 2 * width :]
    place = _place_toolkit if rule == "vot-toolkit" else _place_matlab
    values, pick, left, right, size = place(a, b, limits, rule)
    boxes = _is_box(a[pick]), _is_box(b[pick])
    for batch in batches(size[:, 1]):
        one = fill(left[batch], size[batch], rule, boxes[0][batch])
        two = fill(right[batch], size[batch], rule, boxes[1][batch])
        shared = intersection(one, two)
        with np.errstate(invalid="ignore"):
            ratio = shared / (one.area + two.area - shared)
        values[pick[batch]] = np.nan_to_num(ratio, nan=0.0)
    result[valid] = values[back]
    return result


def _widen(regions: Array, width: int) -> Array:
    wide = np.full((len(regions), width), np.nan)
    wide[:, : regions.shape[1]] = regions
    return wide


def _distinct(pairs: Array) -> tuple[Array, Ints]:
    """Distinct rows, and each row's index among them, because repetitions give mostly the same pairs."""
    rows = np.ascontiguousarray(pairs).view(np.void(pairs.dtype.itemsize * pairs.shape[1]).dtype).ravel()
    _, index, back = np.unique(rows, return_index=True, return_inverse=True)
    return pairs[index], back


def _is_box(regions: Array) -> NDArray[np.bool_]:
    return np.isnan(regions[:, 4])


def _polygons(regions: Array, extent: float) -> NDArray[np.float32]:
    """Corners (N, V, 2) in single precision: four for a box; the last corner fills up missing ones."""
    points = regions.astype(np.float32).reshape(len(regions), regions.shape[1] // 2, 2)
    boxes = _is_box(regions)
    if boxes.any():
        near = points[boxes, 0]
        far = near + points[boxes, 1] + np.float32(extent)
        corners = np.stack(
            [near, np.stack([far[:, 0], near[:, 1]], 1), far, np.stack([near[:, 0], far[:, 1]], 1)], axis=1
        )
        points[boxes, :4] = corners
    for i in range(1, points.shape[1]):
        missing = np.isnan(points[:, i, 0])
        points[missing, i] = points[missing, i - 1]
    return points


Placed = tuple[Array, Ints, NDArray[np.float32], NDArray[np.float32], Ints]
"""Overlaps (N,) of pairs that need no raster, which do (M,), their polygons (M, V, 2) relative to the corner
of a mask that holds both, and the mask's width and height (M, 2)."""


def _place_matlab(a: Array, b: Array, limits: Array, rule: RasterRule) -> Placed:
    """Like TraX's `compute_polygon_overlap`: boxes around the polygons, rounded outward and cut at the bounds.

    The overlap is 0 if these boxes do not overlap, or one is 1e10 times the other. Two boxes without any area
    (one pixel wide at the border, say) pass both tests there, because 0 / 0 is not a number; here as well.
    """
    extent = -1.0 if rule == "vot2019" else 0.0
    polygons = [_polygons(a, extent), _polygons(b, extent)]
    low = np.where(np.isinf(limits), -np.inf, 0).astype(np.float32)
    boxes = []
    for polygon in polygons:
        near, far = polygon.min(axis=1), polygon.max(axis=1)
        if rule != "vot2015":
            near, far = np.floor(near), np.ceil(far)
        boxes.append((np.maximum(near, low), np.minimum(far, limits.astype(np.float32))))
    (near_a, far_a), (near_b, far_b) = boxes
    area_a, area_b = ((far - near).prod(axis=1, dtype=np.float64) for near, far in boxes)
    corner = np.minimum(near_a, near_b)
    extents = np.maximum(far_a, far_b) - corner
    overlapping = (np.minimum(far_a, far_b) > np.maximum(near_a, near_b)).all(axis=1)
    overlapping &= (area_a >= 1e-10 * area_b) & (area_b >= 1e-10 * area_a) & (area_a > 0)
    flat = (area_a == 0) & (area_b == 0) & (extents >= 0).all(axis=1)
    pick = np.flatnonzero(overlapping | flat)
    corner, size = corner[pick], extents[pick].astype(np.int64) + 1
    left, right = (polygon[pick] - corner[:, None] for polygon in polygons)
    return np.zeros(len(a)), pick, left, right, size


def _place_toolkit(a: Array, b: Array, limits: Array, rule: RasterRule) -> Placed:  # noqa: ARG001
    """As `vot.region.raster`: numbers rounded half to even; two regions without extent count as equal.

    A box whose rounded size is 0 holds no pixel.
    """
    polygons = [
        _polygons(np.round(regions.astype(np.float32)).astype(np.float64), -1.0) for regions in (a, b)
    ]
    ends = []
    for regions, polygon in zip((a, b), polygons, strict=True):
        box = _is_box(regions)[:, None]  # one without size ends before it begins
        ends.append(
            (
                np.where(box, polygon[:, 0], polygon.min(axis=1)),
                np.where(box, polygon[:, 2], polygon.max(axis=1)),
            )
        )
    near, far = np.minimum(ends[0][0], ends[1][0]), np.maximum(ends[0][1], ends[1][1])
    values = np.where((far <= near).any(axis=1), 1.0, 0.0)
    near = np.where(np.isinf(limits), near, np.maximum(near, 0)).astype(np.float32)
    far = np.where(np.isinf(limits), far, np.minimum(far, limits)).astype(np.float32)
    flat = [_is_box(regions) & (np.round(regions[:, 2:4]) < 1).any(axis=1) for regions in (a, b)]
    pick = np.flatnonzero((far > near).all(axis=1) & (values == 0) & ~flat[0] & ~flat[1])
    corner = near[pick]
    left, right = (polygon[pick] - corner[:, None] for polygon in polygons)
    return values, pick, left, right, (far[pick] - corner).astype(np.int64) + 1
