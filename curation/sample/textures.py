"""Textures: multi-octave noise, patterns of a few families, palettes, and the backgrounds made of them.

All sizes are pixels; images are (H, W, 3) uint8 BGR, fields (H, W) uint8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W), (H, W, 3) BGR or (H, W, 4) BGR and coverage; 0..255."""

TRAINING_PATTERNS = ("stripes", "spots", "checks", "noise", "patches")
"""Pattern families of the VID videos."""

EVALUATION_PATTERNS = ("rings", "bricks", "marble", "scales")
"""Pattern families of the evaluation sequences: none of them occurs in training."""

COMMON_PATTERNS = ("plain", "leaves")
"""Pattern families that mixed textures have besides."""


def fractal(
    rng: np.random.Generator, height: int, width: int, *, base: int = 3, roughness: float = 0.6
) -> Image:
    """Multi-octave noise with a falling spectrum, stretched to 0..255.

    `base` cells span the shorter side in the coarsest octave; each further octave doubles them and has
    `roughness` times the amplitude, down to cells of two pixels.
    """
    short = min(height, width)
    total = np.zeros((height, width), np.float32)
    cells, weight = base, 1.0
    while cells * 2 <= short:
        grid = rng.integers(
            0, 256, (max(2, cells * height // short), max(2, cells * width // short)), dtype=np.uint8
        )
        octave = cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        total += octave * np.float32(weight)
        cells, weight = cells * 2, weight * roughness
    return stretch(total)


def stretch(field: NDArray[np.float32]) -> Image:
    """Map a field's range linearly onto 0..255."""
    low, high = float(field.min()), float(field.max())
    return np.rint((field - low) * (255.0 / max(high - low, 1e-6))).astype(np.uint8)


def draw_palette(rng: np.random.Generator, colours: int, *, vivid: float) -> Image:
    """A (256, 3) BGR ramp through `colours` random colours; saturation up to `vivid` (0..1)."""
    hue = rng.integers(0, 180) + rng.integers(-35, 36, colours)
    saturation = rng.integers(0, max(2, int(255 * vivid)), colours)
    value = rng.permutation(np.linspace(45, 235, colours)) + rng.integers(-18, 19, colours)
    hsv = np.stack([hue % 180, saturation, np.clip(value, 0, 255)], axis=1).astype(np.uint8)
    bgr = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2BGR)[0].astype(np.float64)
    stops = np.linspace(0, 255, colours)
    ramp = np.stack([np.interp(np.arange(256), stops, bgr[:, channel]) for channel in range(3)], axis=1)
    return np.rint(ramp).astype(np.uint8)


def colour(field: Image, palette: Image) -> Image:
    """Look a (H, W) field up in a (256, 3) palette: (H, W, 3)."""
    return palette[field]


def draw_pattern(rng: np.random.Generator, name: str, size: int, *, cells: float) -> Image:
    """One pattern of the named family on a (size, size) field; `cells` repeats of it span the side."""
    axis = np.arange(size, dtype=np.float32) * np.float32(cells / size)
    angle = rng.random() * np.pi
    warp = fractal(rng, size, size, base=2).astype(np.float32) * np.float32(0.9 / 255)
    u = np.float32(np.cos(angle)) * axis[None, :] + np.float32(np.sin(angle)) * axis[:, None] + warp
    v = np.float32(np.cos(angle)) * axis[:, None] - np.float32(np.sin(angle)) * axis[None, :] + warp
    turn = np.float32(2 * np.pi)
    if name == "stripes":
        field = np.clip(np.sin(turn * u) * 3, -1, 1)
    elif name == "spots":
        field = np.clip((np.sin(turn * u) + np.sin(turn * v)) * 2, -1, 1)
    elif name == "checks":
        field = np.clip(np.sin(turn * u) * 4, -1, 1) * np.clip(np.sin(turn * v) * 4, -1, 1)
    elif name == "rings":
        centre = np.float32(cells) * rng.uniform(0.3, 0.7, 2).astype(np.float32)
        radius = np.hypot(axis[None, :] - centre[0], axis[:, None] - centre[1]) + warp
        field = np.clip(np.sin(turn * radius) * 3, -1, 1)
    elif name == "bricks":
        row = np.floor(v)
        mortar = np.minimum(v - row, np.abs((u + 0.5 * (row % 2)) % 1.0 - 0.5) * 2)
        field = np.clip(mortar * 6, 0, 1) * 2 - 1
    elif name == "scales":
        row = np.floor(v)
        field = (np.hypot((u + 0.5 * (row % 2)) % 1.0 - 0.5, v - row)) * 2 - 1
    elif name == "marble":
        field = np.sin(turn * (u + 2.5 * warp))
    elif name == "plain":
        field = np.zeros((size, size), np.float32)
    elif name == "leaves":
        field = _grey_heap(rng, size, cells).astype(np.float32) / 127.5 - 1
    elif name == "patches":
        coarse = rng.integers(0, 256, (max(2, int(cells)),) * 2, dtype=np.uint8)
        blocks = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_NEAREST)
        field = blocks.astype(np.float32) / 127.5 - 1
    else:
        field = fractal(rng, size, size, base=max(2, int(cells))).astype(np.float32) / 127.5 - 1
    return np.rint(np.clip(field, -1, 1) * 127.5 + 127.5).astype(np.uint8)


def _grey_heap(rng: np.random.Generator, size: int, cells: float) -> Image:
    """Overlapping shapes of grey levels, (size, size): about `cells` of the largest would span the side."""
    canvas = np.full((size, size), int(rng.integers(256)), np.uint8)
    for _ in range(int(8 * cells)):
        outline = leaf(rng, size / cells / np.sqrt(1 + rng.random() * 8)) + rng.uniform(0, size, 2)
        cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], int(rng.integers(256)), cv2.LINE_AA)
    return canvas


@dataclass(frozen=True)
class Family:
    """Textures that look alike: one pattern, one palette. A target and its distractors share one.

    Attributes
    ----------
    pattern : str
    palette : (256, 3) uint8 BGR
    cells : float
        Repeats of the pattern across a texture.
    grain : float
        Share of fractal noise mixed into the pattern, 0..1.
    markings : (low, high) of int
        How many spots of its own each member has, `high` excluded.
    """

    pattern: str
    palette: Image
    cells: float
    grain: float = 0.25
    markings: tuple[int, int] = (2, 5)

    @classmethod
    def draw(cls, rng: np.random.Generator, patterns: Sequence[str], *, mixed: bool = False) -> Family:
        """A vivid family with one of the patterns; where `mixed`, from plain grey cloth to vivid prints."""
        if mixed:
            pool = (*patterns, *COMMON_PATTERNS)
            return cls(
                pattern=pool[int(rng.integers(len(pool)))],
                palette=draw_palette(
                    rng, int(rng.integers(2, 6)), vivid=float(0.02 + 0.88 * rng.random() ** 1.5)
                ),
                cells=float(rng.uniform(1.5, 9.0)),
                grain=float(rng.uniform(0.05, 0.7)),
                markings=(0, int(rng.integers(1, 6))),
            )
        return cls(
            pattern=patterns[int(rng.integers(len(patterns)))],
            palette=draw_palette(rng, int(rng.integers(3, 5)), vivid=0.85),
            cells=float(rng.uniform(2.5, 4.5)),
        )

    def paint(self, rng: np.random.Generator, size: int) -> Image:
        """One member, (size, size, 3) BGR: the pattern in another phase, with markings of its own."""
        field = draw_pattern(rng, self.pattern, size, cells=self.cells)
        grain = fractal(rng, size, size, base=4)
        mixed = cv2.addWeighted(field, 1 - self.grain, grain, self.grain, 0.0)
        image = colour(np.asarray(mixed, np.uint8), self.palette)
        for _ in range(int(rng.integers(*self.markings))):
            centre = rng.integers(size // 5, size - size // 5, 2)
            axes = rng.integers(size // 12, size // 4, 2)
            tone = self.palette[int(rng.integers(256))].astype(np.int64) + rng.integers(-70, 71, 3)
            patch = tuple(int(value) for value in np.clip(tone, 0, 255))
            ellipse = (tuple(map(int, centre)), tuple(map(int, axes)), float(rng.integers(180)))
            cv2.ellipse(image, *ellipse, 0, 360, patch, -1, cv2.LINE_AA)
        return image


def leaf(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """The outline of one shape about the origin, (K, 2) float64: a turned box or a wavy disc."""
    if rng.random() < 0.4:
        turn, aspect = rng.uniform(0, np.pi), rng.uniform(0.3, 1.0)
        square = np.array([(-1, -aspect), (1, -aspect), (1, aspect), (-1, aspect)]) * radius
        return square @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    wave = radius * (1 + 0.3 * np.sin(angle * int(rng.integers(1, 5)) + rng.uniform(0, 6.28)))
    return np.stack([wave * np.cos(angle), wave * np.sin(angle)], axis=1)


def heap(rng: np.random.Generator, ground: Image, *, shapes: int, largest: float) -> Image:
    """Overlapping opaque shapes ("dead leaves", whose edges and sizes have the statistics of natural images).

    Sizes fall off as the cube of the radius up to `largest` of the shorter side; each shape has one of the
    ground's colours, changed a little, and some of the ground's shading.
    """
    height, width = ground.shape[:2]
    canvas = ground.copy()
    for _ in range(shapes):
        radius = min(height, width) * largest / np.sqrt(1 + rng.random() * 40)
        x, y = int(rng.integers(width)), int(rng.integers(height))
        colour_at = ground[int(rng.integers(height)), int(rng.integers(width))].astype(np.int64)
        shade = tuple(int(value) for value in np.clip(colour_at + rng.integers(-25, 26, 3), 0, 255))
        cv2.fillPoly(
            canvas, [np.rint(leaf(rng, radius) + np.array([x, y])).astype(np.int32)], shade, cv2.LINE_AA
        )
    return np.asarray(cv2.addWeighted(canvas, 0.75, ground, 0.25, 0.0), np.uint8)
