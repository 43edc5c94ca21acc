"""Overlap in pixels as written down in the rules: masks, one pixel row and one polygon at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mask(points: list[tuple[float, float]], width: int, height: int) -> np.ndarray:
    """Fill a polygon: per row truncated crossings of edges that touch it, sorted, filled pairwise, ends included."""
    corners = [(round_half_away(x), round_half_away(y)) for x, y in points]
    filled = np.zeros((height, width), dtype=bool)
    for row in range(height):
        nodes = []
        for (x1, y1), (x2, y2) in zip(corners, [corners[-1], *corners[:-1]], strict=True):
            if y1 != y2 and min(y1, y2) <= row <= max(y1, y2):
                nodes.append(int(x1 + (row - y1) / (y2 - y1) * (x2 - x1)))
        nodes.sort()
        at = 0
        while at < len(nodes) - 1:
            if nodes[at] == nodes[at + 1]:  # one of two equal neighbours is dropped
                at += 1
                continue
            filled[row, max(nodes[at], 0) : max(min(nodes[at + 1], width - 1) + 1, 0)] = True
            at += 2
    return filled


def round_half_away(value: float) -> int:
    return int(np.trunc(value + np.copysign(0.5, value)))


def corners_of(region: Sequence[float]) -> list[tuple[float, float]]:
    if len(region) == 4:
        x, y, w, h = (np.float32(value) for value in region)
        return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    single = [np.float32(value) for value in region]
    return list(zip(single[0::2], single[1::2], strict=True))


def overlap(first: Sequence[float], second: Sequence[float], bounds: tuple[float, float] | None) -> float:
    """The rule of 2016 (MATLAB toolkit, pysot)."""
    polygons = [corners_of(first), corners_of(second)]
    boxes = []
    for points in polygons:
        xs, ys = zip(*points, strict=True)
        left, top, right, bottom = np.floor(min(xs)), np.floor(min(ys)), np.ceil(max(xs)), np.ceil(max(ys))
        if bounds is not None:
            left, top = max(left, 0), max(top, 0)
            right, bottom = min(right, bounds[0]), min(bottom, bounds[1])
        boxes.append((left, top, right, bottom))
    (l1, t1, r1, b1), (l2, t2, r2, b2) = boxes
    flat = [not (r > left and b > t) for left, t, r, b in boxes]
    if any(flat) and not all(flat):
        return 0.0
    if not any(flat) and (min(r1, r2) <= max(l1, l2) or min(b1, b2) <= max(t1, t2)):
        return 0.0
    left, top = min(l1, l2), min(t1, t2)
    width, height = int(max(r1, r2) - left) + 1, int(max(b1, b2) - top) + 1
    if width < 1 or height < 1:
        return 0.0
    one, two = (mask([(x - left, y - top) for x, y in points], width, height) for points in polygons)
    union = (one | two).sum()
    return float((one & two).sum() / union) if union else 0.0
