"""Polygons as spans of columns on pixel rows: the VOT toolkits' scan-line filling, for many at once.

On every pixel row the columns where the polygon's edges cross it (*nodes*, truncated to whole pixels) are
sorted and filled pairwise. Nearly always there are two distinct nodes, and the row is one span from the
smaller to the larger; only the rest is sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array, Ints
from training.benchmark.overlap.polygons import convex

RasterRule = Literal["vot2016", "vot2019", "vot2015", "vot-toolkit"]

FAR = 1e9
"""A column beyond every image: stands for the node of an edge that does not touch a row."""
BATCH = 16_384
"""Pixel rows filled at once: the working arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Spans:
    """Filled pixels of M polygons, row by row, R rows in all.

    Attributes
    ----------
    top : (M,) int64
        First row of each polygon.
    start : (M + 1,) int64
        Rows of polygon m are `start[m]:start[m + 1]` of the arrays below.
    left, right : (S, R) float64
        First and last column of the S spans of each row, both filled; empty where right < left.
    area : (M,) float64
        Filled pixels.
    """

    top: Ints
    start: Ints
    left: Array
    right: Array
    area: Array


def batches(heights: Ints) -> list[slice]:
    """Slices of consecutive masks with about `BATCH` pixel rows each."""
    if not len(heights):
        return []
    group = np.cumsum(heights) // BATCH
    starts = np.flatnonzero(np.diff(group, prepend=-1)).tolist()
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(heights)], strict=True)]


def fill(polygons: NDArray[np.float32], size: Ints, rule: RasterRule, boxes: NDArray[np.bool_]) -> Spans:
    """Fill polygons inside their masks.

    Parameters
    ----------
    polygons : (M, V, 2) float32
        Corners, relative to the mask's top-left pixel.
    size : (M, 2) int64
        Width and height of each mask.
    rule : RasterRule
        Corners are rounded half away from zero, not under `vot2015` (kept) and `vot-toolkit` (whole already).
    boxes : (M,) bool
        Which polygons are upright boxes.
    """
    points: NDArray[np.floating] = polygons.astype(np.float64)
    if rule in ("vot2016", "vot2019"):
        points = np.trunc(points + np.copysign(0.5, points))
    elif rule == "vot2015":
        points = polygons
    y = points[:, :, 1]
    top = np.maximum(np.floor(y.min(axis=1)), 0).astype(np.int64)
    bottom = np.minimum(np.ceil(y.max(axis=1)), size[:, 1] - 1).astype(np.int64)
    count = np.maximum(bottom - top + 1, 0)
    start = np.concatenate([[0], np.cumsum(count)])
    if boxes.all() and rule != "vot2015":
        near, far = points.min(axis=1), points.max(axis=1)
        empty = (far <= near).any(axis=1) if rule != "vot-toolkit" else (far < near).any(axis=1)
        left = np.repeat(np.maximum(near[:, 0], 0), count)[None]
        right = np.repeat(np.where(empty, -FAR, np.minimum(far[:, 0], size[:, 0] - 1)), count)[None]
    else:
        left, right = _scan(points, top, count, start, size[:, 0], rule)
    lengths = np.maximum(right - left + 1, 0).sum(axis=0)
    area = np.diff(np.concatenate([[0.0], np.cumsum(lengths)])[start])
    return Spans(top, start, left, right, area)


def _scan(
    points: NDArray[np.floating], top: Ints, count: Ints, start: Ints, width: Ints, rule: RasterRule
) -> tuple[Array, Array]:
    """Left and right ends (S, R) of the spans on all rows."""
    owner = np.repeat(np.arange(len(points)), count)
    row = (np.arange(start[-1]) - np.repeat(start[:-1] - top, count)).astype(points.dtype)
    dented = np.flatnonzero(~convex(points)[owner])
    low, high = np.full(len(row), FAR), np.full(len(row), -FAR)
    kept = []
    for i in range(points.shape[1]):
        node, touched = _nodes(points[:, i], points[:, i - 1], owner, row, rule)
        low = np.minimum(low, np.where(touched, node, FAR))
        high = np.maximum(high, np.where(touched, node, -FAR))
        if len(dented):
            kept.append(np.where(touched[dented], node[dented], FAR))
    if rule in ("vot2016", "vot2019"):
        high[low == high] = -FAR  # two equal nodes fill nothing
    left, right = low[None], high[None]
    if len(dented):
        more = np.full((len(kept) // 2 - 1, len(row)), FAR)
        left, right = np.concatenate([left, more]), np.concatenate([right, -more])
        left[:, dented], right[:, dented] = _pairs(np.sort(np.stack(kept), axis=0), rule)
    edge = np.repeat(width, count)
    if rule == "vot2015":
        right = np.where(right > edge, edge - 1, right) - 1
    return np.maximum(left, 0), np.minimum(right, edge - 1)


def _nodes(
    corner: NDArray[np.floating],
    before: NDArray[np.floating],
    owner: Ints,
    row: NDArray[np.floating],
    rule: RasterRule,
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Column (R,) where the edge from the corner before to this one crosses each row, and whether it does."""
    x, y = corner.T
    run, rise = (before - corner).T
    flat = rise == 0
    least, most = np.minimum(y, before[:, 1]), np.maximum(y, before[:, 1])
    if rule in ("vot2016", "vot2019"):
        most = np.where(flat, least - 1, most)  # horizontal edges have no nodes
    above = row > least[owner] if rule == "vot2015" else row >= least[owner]
    touched = above & (row <= most[owner])
    rise = np.where(flat, 1, rise).astype(rise.dtype)
    return np.trunc(x[owner] + (row - y[owner]) / rise[owner] * run[owner]), touched


def _pairs(nodes: Array, rule: RasterRule) -> tuple[Array, Array]:
    """Fill sorted nodes (V, R) pairwise: ends (V // 2, R) of the spans, made disjoint.

    The first of two equal neighbours is passed over; `vot-toolkit` does not if they are the last two, and
    `vot2015` never does.
    """
    corners, rows = nodes.shape
    number = (nodes < FAR).sum(axis=0)
    left, right = np.full((corners // 2, rows), FAR), np.full((corners // 2, rows), -FAR)
    at, made = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    last = np.full(rows, -FAR)
    column = np.arange(rows)
    for _ in range(corners):
        going = at < number - 1
        one = nodes[np.minimum(at, corners - 1), column]
        two = nodes[np.minimum(at + 1, corners - 1), column]
        passed = (one == two) & (rule != "vot2015")
        if rule == "vot-toolkit":
            passed &= at < number - 2
        taken = going & ~passed
        begin = np.maximum(one, last + 1) if rule != "vot2015" else one
        left[made[taken], column[taken]] = begin[taken]
        right[made[taken], column[taken]] = two[taken]
        last[taken] = two[taken]
        made[taken] += 1
        at += np.where(passed, 1, 2)
    return left, right


def intersection(one: Spans, two: Spans) -> Array:
    """Pixels (M,) filled in both of each pair of polygons."""
    top = np.maximum(one.top, two.top)
    bottom = np.minimum(one.top + np.diff(one.start), two.top + np.diff(two.start))
    count = np.maximum(bottom - top, 0)
    start = np.concatenate([[0], np.cumsum(count)])
    offset = np.arange(start[-1]) - np.repeat(start[:-1], count)
    rows_one = offset + np.repeat(one.start[:-1] + top - one.top, count)
    rows_two = offset + np.repeat(two.start[:-1] + top - two.top, count)
    total = np.zeros(len(offset))
    for left_one, right_one in zip(one.left, one.right, strict=True):
        for left_two, right_two in zip(two.left, two.right, strict=True):
            right = np.minimum(right_one[rows_one], right_two[rows_two])
            total += np.maximum(right - np.maximum(left_one[rows_one], left_two[rows_two]) + 1, 0)
    return np.diff(np.concatenate([[0.0], np.cumsum(total)])[start])
