"""Exact overlap of polygons: clipped areas, for many pairs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import corners, polygon_area


def exact_overlap(first: Array, second: Array, bounds: Array | None) -> Array:
    """Intersection over union of areas, 0-based continuous coordinates.

    Parameters
    ----------
    first, second : (N, 4) or (N, 2V) float64
        Regions; boxes reach from x to x + w. A row with a NaN among its first four numbers is none. One of
        each pair must be convex.
    bounds : (N, 2) float64 or None
        Everything outside 0 .. x, 0 .. y is cut away first.

    Returns
    -------
    (N,) float64
        NaN where either is not a region, 0 where nothing has an area.
    """
    result = np.full(len(first), np.nan)
    valid = np.flatnonzero(~(np.isnan(first[:, :4]).any(axis=1) | np.isnan(second[:, :4]).any(axis=1)))
    a, b = _points(first[valid]), _points(second[valid])
    if bounds is not None:
        frame = corners(np.concatenate([np.zeros_like(bounds), bounds], axis=1))[valid].reshape(-1, 4, 2)
        a, b = _clip_outside(a, frame), _clip_outside(b, frame)
    swap = ~convex(b)
    subject = np.where(swap[:, None, None], _pad(b, a), _pad(a, b))
    window = np.where(swap[:, None, None], _pad(a, b), _pad(b, a))
    shared = _area(clip(subject, window))
    union = _area(a) + _area(b) - shared
    result[valid] = np.clip(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), 0, 1)
    return result


def _clip_outside(points: Array, frame: Array) -> Array:
    """Polygons clipped to the frame; most lie inside it and need no work."""
    outside = ((points < frame[:, :1]) | (points > frame[:, 2:3])).any(axis=(1, 2))
    if not outside.any():
        return points
    clipped = clip(points[outside], frame[outside])
    result = _pad(points, clipped)
    result[outside] = _pad(clipped, points)
    return result


def _points(regions: Array) -> Array:
    """Corners (N, V, 2): four for a box; the last corner fills up missing ones."""
    width = max(regions.shape[1], 8)
    wide = np.full((len(regions), width), np.nan)
    wide[:, : regions.shape[1]] = regions
    boxes = np.isnan(wide[:, 4])
    wide[boxes, :8] = corners(wide[boxes, :4])
    points = wide.reshape(len(regions), width // 2, 2)
    for i in range(1, points.shape[1]):
        missing = np.isnan(points[:, i, 0])
        points[missing, i] = points[missing, i - 1]
    return points


def _pad(points: Array, like: Array) -> Array:
    """Pad corners to the larger number of both arrays with the last corner."""
    more = max(like.shape[1] - points.shape[1], 0)
    return np.concatenate([points, np.repeat(points[:, -1:], more, axis=1)], axis=1)


def _area(points: Array) -> Array:
    return polygon_area(points.reshape(len(points), 2 * points.shape[1]))


def _turns(points: NDArray[np.floating]) -> NDArray[np.floating]:
    edge = np.roll(points, -1, axis=1) - points
    after = np.roll(edge, -1, axis=1)
    return np.asarray(edge[..., 0] * after[..., 1] - edge[..., 1] * after[..., 0])


def convex(points: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which polygons (N, V, 2) are convex: they turn one way, never back, and go round once.

    With more than four corners, one with two equal neighbours is not called convex, though it may be.
    """
    turns = _turns(points)
    edge = np.roll(points, -1, axis=1) - points
    along = (edge * np.roll(edge, -1, axis=1)).sum(axis=2)
    back = ((turns == 0) & (along < 0)).any(axis=1)
    one_way = np.asarray(~((turns > 0).any(axis=1) & (turns < 0).any(axis=1)) & ~back)
    if points.shape[1] > 4:
        one_way &= (edge != 0).any(axis=2).all(axis=1)
        one_way &= np.abs(np.arctan2(turns, along).sum(axis=1)) < 3 * np.pi
    return one_way


def clip(subject: Array, window: Array) -> Array:
    """The part of each polygon inside a convex window [Sutherland and Hodgman, CACM 1974].

    Parameters
    ----------
    subject, window : (N, V, 2), (N, U, 2) float64
        Either orientation.

    Returns
    -------
    (N, W, 2) float64
        Corners, the last one repeated; all equal where nothing is left.
    """
    sense = np.sign(_turns(window).sum(axis=1))
    for i in range(window.shape[1]):
        start = window[:, None, i]
        along = window[:, None, (i + 1) % window.shape[1]] - start
        offset = subject - start
        side = sense[:, None] * (along[..., 0] * offset[..., 1] - along[..., 1] * offset[..., 0])
        subject = _cut(subject, side)
    return np.where((sense == 0)[:, None, None], subject[:, :1], subject)


def _cut(points: Array, side: Array) -> Array:
    """Polygons (N, V, 2) without corners of negative `side` (N, V), with the points where edges cross 0."""
    after, side_after = np.roll(points, -1, axis=1), np.roll(side, -1, axis=1)
    inside = side >= 0
    crossing = inside != (side_after >= 0)
    share = np.divide(side, side - side_after, out=np.zeros_like(side), where=crossing)
    crossed = points + share[..., None] * (after - points)
    count, corners_before = side.shape
    candidates = np.stack([points, crossed], axis=2).reshape(count, 2 * corners_before, 2)
    kept = np.stack([inside, crossing], axis=2).reshape(count, 2 * corners_before)
    number = kept.sum(axis=1)
    width = max(int(number.max(initial=1)), 1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, :width]
    last = order[np.arange(count), np.maximum(number - 1, 0)]
    order = np.where(np.arange(width) < number[:, None], order, last[:, None])
    return np.take_along_axis(candidates, order[..., None], axis=1)
