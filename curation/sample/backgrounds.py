"""Backdrops: fractal ground, horizons, patterns, heaps of shapes; softer than the objects in front of them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.sample_config import WorldConfig
from curation.sample.textures import Family, Image, colour, draw_palette, draw_pattern, fractal, heap, leaf

VIVID = 0.45
"""Largest saturation of a backdrop; objects have up to 0.85."""


def draw_background(
    rng: np.random.Generator, height: int, width: int, patterns: Sequence[str], world: WorldConfig
) -> Image:
    """A backdrop, (height, width, 3) uint8 BGR: of four plain kinds, or crowded with textured shapes."""
    if world.clutter and rng.random() < world.clutter:
        return _crowd(rng, height, width, patterns)
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


def _crowd(rng: np.random.Generator, height: int, width: int, patterns: Sequence[str]) -> Image:
    """Many shapes with textures like those of the objects, some in rows like windows, more or less sharp."""
    side = max(height, width)
    cloths = [
        np.ascontiguousarray(Family.draw(rng, patterns, mixed=True).paint(rng, side)[:height, :width])
        for _ in range(int(rng.integers(2, 6)))
    ]
    canvas = cloths[0].copy()
    if rng.random() < 0.6:
        canvas = _horizon(rng, canvas)
    for _ in range(int(rng.integers(10, 160))):
        radius = min(height, width) * 0.4 / np.sqrt(1 + rng.random() * 60)
        outline = leaf(rng, radius)
        if rng.random() < 0.3:  # stood upright
            outline = outline * np.array([rng.uniform(0.15, 0.5), rng.uniform(0.8, 2.0)])
        copies = int(rng.integers(2, 7)) if rng.random() < 0.15 else 1
        step = radius * np.array([rng.uniform(1.2, 3.0), rng.uniform(-0.1, 0.1)])
        start = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        shift = rng.integers(0, 64, 2)
        cloth = cloths[int(rng.integers(len(cloths)))]
        tone = int(rng.integers(-50, 51))
        for copy in range(copies):
            _lay(canvas, outline + start + copy * step, cloth, shift, tone)
    softness = rng.uniform(0, 1.6)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), softness), np.uint8) if softness > 0.4 else canvas


def _lay(
    canvas: Image, outline: NDArray[np.float64], cloth: Image, shift: NDArray[np.int64], tone: int
) -> None:
    """Fill an outline on the canvas, in place, with a cloth moved by `shift` and brightened by `tone`."""
    height, width = canvas.shape[:2]
    low = np.clip(np.floor(outline.min(axis=0)).astype(int) - 1, 0, (width, height))
    high = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 2, 0, (width, height))
    if (high <= low).any():
        return
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline - low).astype(np.int32)], 255, cv2.LINE_AA)
    piece = np.roll(cloth, tuple(shift), axis=(0, 1))[low[1] : high[1], low[0] : high[0]].astype(np.int16)
    cover = mask[..., None].astype(np.int32)
    part = canvas[low[1] : high[1], low[0] : high[0]]
    part[...] = (np.clip(piece + tone, 0, 255) * cover + part * (255 - cover) + 127) // 255


def _horizon(rng: np.random.Generator, ground: Image) -> Image:
    """Put a sky above a rolling horizon."""
    height, width = ground.shape[:2]
    sky = colour(fractal(rng, height, width, base=2, roughness=0.4), draw_palette(rng, 2, vivid=0.35))
    ridge = fractal(rng, 64, width, base=2, roughness=0.3)[32].astype(np.int64)
    level = int(height * rng.uniform(0.28, 0.45))
    above = np.arange(height)[:, None] < level + (ridge[None, :] - 128) * height // 900
    return np.where(above[..., None], sky, ground)
