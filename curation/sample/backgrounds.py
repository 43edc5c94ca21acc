"""Backdrops: fractal ground, horizons, patterns, heaps of shapes; softer than what moves before them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from curation.sample.textures import Image, colour, draw_palette, draw_pattern, fractal

VIVID = 0.45
"""Greatest saturation of a backdrop; objects have up to 0.85."""


def draw_background(rng: np.random.Generator, height: int, width: int, patterns: Sequence[str]) -> Image:
    """A backdrop of one of four kinds, (height, width, 3) uint8 BGR."""
    kind = int(rng.integers(4))
    ground = colour(fractal(rng, height, width, base=4), draw_palette(rng, 4, vivid=VIVID))
    if kind == 0:
        ground = _horizon(rng, ground)
    elif kind == 1:
        pattern = draw_pattern(rng, patterns[int(rng.integers(len(patterns)))], max(height, width), cells=9.0)
        tint = colour(np.ascontiguousarray(pattern[:height, :width]), draw_palette(rng, 3, vivid=0.3))
        ground = np.asarray(cv2.addWeighted(ground, 0.6, tint, 0.4, 0.0), np.uint8)
    elif kind == 2:
        ground = heap(rng, ground, shapes=260, largest=0.3)
    ground = heap(rng, ground, shapes=int(rng.integers(4, 14)), largest=0.16)
    return np.asarray(cv2.GaussianBlur(ground, (5, 5), 1.1), np.uint8)


def _horizon(rng: np.random.Generator, ground: Image) -> Image:
    """Put a sky above a rolling horizon."""
    height, width = ground.shape[:2]
    sky = colour(fractal(rng, height, width, base=2, roughness=0.4), draw_palette(rng, 2, vivid=0.35))
    ridge = fractal(rng, 64, width, base=2, roughness=0.3)[32].astype(np.int64)
    level = int(height * rng.uniform(0.28, 0.45))
    above = np.arange(height)[:, None] < level + (ridge[None, :] - 128) * height // 900
    return np.where(above[..., None], sky, ground)


def heap(rng: np.random.Generator, ground: Image, *, shapes: int, largest: float) -> Image:
    """Overlapping opaque shapes ("dead leaves", whose edges and sizes have the statistics of natural images).

    Sizes fall off as the cube of the radius up to `largest` of the shorter side; each shape has one of the
    ground's colours, changed a little, and the ground's shading.
    """
    height, width = ground.shape[:2]
    short = min(height, width)
    canvas = ground.copy()
    corners = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    for _ in range(shapes):
        radius = short * largest / np.sqrt(1 + rng.random() * 40)
        x, y = int(rng.integers(width)), int(rng.integers(height))
        tone = ground[int(rng.integers(height)), int(rng.integers(width))].astype(np.int64) + rng.integers(
            -25, 26, 3
        )
        shade = tuple(int(value) for value in np.clip(tone, 0, 255))
        if rng.random() < 0.4:
            turn, aspect = rng.uniform(0, np.pi), rng.uniform(0.3, 1.0)
            square = np.array([(-1, -aspect), (1, -aspect), (1, aspect), (-1, aspect)]) * radius
            turned = square @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            outline = turned + np.array([x, y])
        else:
            wave = 1 + 0.3 * np.sin(corners * int(rng.integers(1, 5)) + rng.uniform(0, 6.28))
            outline = np.stack(
                [x + radius * wave * np.cos(corners), y + radius * wave * np.sin(corners)], axis=1
            )
        cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], shade, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(canvas, 0.75, ground, 0.25, 0.0), np.uint8)
