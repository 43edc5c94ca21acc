"""Outlines of things: polygons by name, rasterised with anti-aliasing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.textures import Image

SPRITE = 96
"""Side of a sprite, pixels."""

OVERSAMPLING = 4
"""Outlines are drawn this many times larger, then averaged down."""

MARGIN = 0.06
"""Share of a sprite's side that its outline leaves free on every side."""

Points = NDArray[np.float64]


def _blob(rng: np.random.Generator) -> list[Points]:
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = np.ones_like(angle)
    for harmonic in range(2, 6):
        radius += rng.uniform(-0.22, 0.22) / (harmonic - 1) * np.cos(harmonic * angle + rng.uniform(0, 6.28))
    squeeze = rng.uniform(0.75, 1.0)
    return [np.stack([radius * np.cos(angle), radius * np.sin(angle) * squeeze], axis=1)]


def _ellipse(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    x, y = rx * np.cos(angle), ry * np.sin(angle)
    return np.stack(
        [cx + x * np.cos(turn) - y * np.sin(turn), cy + x * np.sin(turn) + y * np.cos(turn)], axis=1
    )


def _box(x0: float, y0: float, x1: float, y1: float) -> Points:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _creature(rng: np.random.Generator) -> list[Points]:
    height = rng.uniform(0.42, 0.6)
    parts = [_ellipse(0, 0, 0.75, height), _ellipse(0.72, -height, 0.38, 0.34)]
    for x in (-0.5, -0.2, 0.25, 0.5):
        parts.append(_box(x - 0.09, 0.0, x + 0.09, height + rng.uniform(0.35, 0.5)))
    parts.append(_ellipse(-0.85, -0.35, 0.34, 0.09, rng.uniform(0.4, 1.2)))
    return parts


def _vehicle(rng: np.random.Generator) -> list[Points]:
    front, back = rng.uniform(0.3, 0.7, 2)
    cabin = np.array([(-back, -0.05), (-back * 0.7, -0.6), (front * 0.7, -0.6), (front, -0.05)])
    return [
        _box(-1, -0.1, 1, 0.45),
        cabin,
        _ellipse(-0.55, 0.45, 0.27, 0.27),
        _ellipse(0.55, 0.45, 0.27, 0.27),
    ]


def _fish(rng: np.random.Generator) -> list[Points]:
    height = rng.uniform(0.45, 0.65)
    tail = np.array([(-0.55, 0.0), (-1.0, -height), (-0.85, 0.0), (-1.0, height)])
    fin = np.array([(-0.3, -height * 0.7), (0.1, -height - 0.35), (0.35, -height * 0.7)])
    return [_ellipse(0.1, 0, 0.8, height), tail, fin]


def _figure(rng: np.random.Generator) -> list[Points]:
    arm = rng.uniform(0.2, 1.1)
    return [
        _ellipse(0, -0.75, 0.25, 0.27),
        _box(-0.33, -0.52, 0.33, 0.25),
        _ellipse(-0.45, -0.2, 0.42, 0.11, np.pi / 2 - arm),
        _ellipse(0.45, -0.2, 0.42, 0.11, np.pi / 2 + arm),
        _box(-0.31, 0.2, -0.05, 1.0),
        _box(0.05, 0.2, 0.31, 1.0),
    ]


SHAPES = {"blob": _blob, "creature": _creature, "vehicle": _vehicle, "fish": _fish, "figure": _figure}
"""Outlines by name: each draws a list of polygons whose union is the object."""


def draw_outline(rng: np.random.Generator, shape: str) -> Image:
    """The outline of that name, (SPRITE, SPRITE) uint8 coverage; it fills the sprite up to the margin."""
    return rasterise(SHAPES[shape](rng))


def draw_part(rng: np.random.Generator, aspect: float) -> Image:
    """An upright rounded, tapering part, (SPRITE, SPRITE) uint8 coverage, `aspect` times as wide as high."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    power = 2 / rng.uniform(2.0, 6.0)  # from an ellipse to almost a box
    x, y = (np.sign(wave) * np.abs(wave) ** power for wave in (np.cos(angle), np.sin(angle)))
    taper = rng.uniform(-0.25, 0.1)
    return rasterise([np.stack([aspect * x * (1 + taper * y), y], axis=1)])


def draw_foreground(rng: np.random.Generator, aspect: float) -> Image:
    """A post or a bush, (SPRITE, SPRITE) uint8 coverage, about `aspect` times as wide as high."""
    if rng.random() < 0.5:
        return rasterise([_box(-aspect, -1, aspect, 1)])
    leaves = []
    for _ in range(14):
        x, y = rng.uniform(-0.6, 0.6) * aspect, rng.uniform(-0.75, 0.75)
        radius = max(aspect, 0.3) * rng.uniform(0.4, 0.6)
        leaves.append(_ellipse(x, y, radius, radius))
    return rasterise(leaves)


def rasterise(parts: list[Points]) -> Image:
    """The union of polygons, scaled so that its longer side fills the sprite up to the margin."""
    corners = np.concatenate(parts)
    low, high = corners.min(axis=0), corners.max(axis=0)
    side = SPRITE * OVERSAMPLING
    factor = side * (1 - 2 * MARGIN) / float((high - low).max())
    canvas = np.zeros((side, side), np.uint8)
    for part in parts:
        pixels = np.rint((part - (low + high) / 2) * factor + side / 2).astype(np.int32)
        cv2.fillPoly(canvas, [pixels], 255)
    return np.asarray(cv2.resize(canvas, (SPRITE, SPRITE), interpolation=cv2.INTER_AREA), np.uint8)
