"""Things in a scene: a textured sprite with an anti-aliased outline, and its rendering in a pose."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.textures import Image

SPRITE = 96
"""Side of a sprite, pixels; outlines are drawn `OVERSAMPLING` times larger and averaged down."""

OVERSAMPLING = 4
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
    """An anti-aliased outline, (SPRITE, SPRITE) uint8 coverage, filling the sprite but for its margin."""
    parts = SHAPES[shape](rng)
    corners = np.concatenate(parts)
    low, high = corners.min(axis=0), corners.max(axis=0)
    side = SPRITE * OVERSAMPLING
    factor = side * (1 - 2 * MARGIN) / float((high - low).max())
    canvas = np.zeros((side, side), np.uint8)
    for part in parts:
        pixels = np.rint((part - (low + high) / 2) * factor + side / 2).astype(np.int32)
        cv2.fillPoly(canvas, [pixels], 255)
    return _shrink(canvas)


def _shrink(canvas: Image) -> Image:
    """An oversampled coverage map at a sprite's size."""
    return np.asarray(cv2.resize(canvas, (SPRITE, SPRITE), interpolation=cv2.INTER_AREA), np.uint8)


def draw_sprite(rng: np.random.Generator, texture: Image, shape: str) -> Image:
    """Cut a texture to an outline and shade it towards the edge.

    Parameters
    ----------
    texture : (SPRITE, SPRITE, 3) uint8 BGR
    shape : str
        A key of `SHAPES`.

    Returns
    -------
    (SPRITE, SPRITE, 4) uint8
        BGR and coverage; the colours reach beyond the outline, so that resampling leaves no fringe.
    """
    outline = draw_outline(rng, shape)
    depth = cv2.distanceTransform((outline > 127).astype(np.uint8), cv2.DIST_L2, 3)
    shade = 0.55 + 0.45 * np.minimum(depth / (SPRITE * 0.09), 1.0)
    axis = np.linspace(-1, 1, SPRITE, dtype=np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    shade = shade * (
        1 + 0.18 * (np.float32(np.cos(turn)) * axis[None] + np.float32(np.sin(turn)) * axis[:, None])
    )
    lit = np.clip(texture * shade[..., None], 0, 255)
    return np.dstack([np.rint(lit).astype(np.uint8), outline])


def draw_occluder(rng: np.random.Generator, texture: Image, aspect: float) -> Image:
    """A foreground thing, (SPRITE, SPRITE, 4) uint8: post or bush, `aspect` times as wide as high."""
    side = SPRITE * OVERSAMPLING
    canvas = np.zeros((side, side), np.uint8)
    half = int(side * 0.46)
    wide = max(8, int(half * aspect))
    if rng.random() < 0.5:
        cv2.rectangle(
            canvas, (side // 2 - wide, side // 2 - half), (side // 2 + wide, side // 2 + half), 255, -1
        )
    else:
        for _ in range(14):
            x, y = rng.uniform(-0.6, 0.6) * wide, rng.uniform(-0.75, 0.75) * half
            radius = int(max(wide, half * 0.3) * rng.uniform(0.4, 0.6))
            cv2.circle(canvas, (int(side / 2 + x), int(side / 2 + y)), radius, 255, -1)
    return np.dstack([texture, _shrink(canvas)])


@dataclass(frozen=True)
class Pose:
    """Where and how a sprite appears in one frame.

    `x`, `y`: centre, 0-based pixels, whole numbers at pixel centres. `size`: side of the sprite in the frame,
    pixels. `angle`: degrees, clockwise on the screen. `stretch`: width over height gained by turning out of
    the plane. `bend`: greatest displacement by deformation, as a fraction of the side; `phase`: of the
    deformation, turns.
    """

    x: float
    y: float
    size: float
    angle: float = 0.0
    stretch: float = 1.0
    bend: float = 0.0
    phase: float = 0.0


@dataclass(frozen=True)
class Layer:
    """A rendered sprite: (h, w, 4) uint8, its top-left pixel at frame pixel (left, top), maybe outside."""

    pixels: Image
    left: int
    top: int

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(h, w) bool: pixels more than half covered."""
        return self.pixels[..., 3] > 127


def render(sprite: Image, pose: Pose) -> Layer:
    """Resample a sprite in its pose: rotation, stretch, scale, and a travelling sideways bend, bilinear."""
    radius = int(np.ceil(pose.size * 0.72 * max(pose.stretch, 1 / pose.stretch) * (1 + 2 * pose.bend))) + 2
    left, top = int(np.floor(pose.x)) - radius, int(np.floor(pose.y)) - radius
    side = 2 * radius + 1
    turn = np.deg2rad(pose.angle)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x = np.arange(side, dtype=np.float32)[None, :] + np.float32(left - pose.x)
    y = np.arange(side, dtype=np.float32)[:, None] + np.float32(top - pose.y)
    u = (cosine * x + sine * y) * np.float32(1 / (pose.size * pose.stretch))  # sprite sides from its centre
    v = (cosine * y - sine * x) * np.float32(pose.stretch / pose.size)
    if pose.bend:
        wave = np.float32(2 * np.pi)
        phase = np.float32(pose.phase)
        u, v = (
            u + np.float32(pose.bend) * np.sin(wave * (np.float32(0.9) * v + phase)),
            v + np.float32(0.7 * pose.bend) * np.sin(wave * (np.float32(1.1) * u - np.float32(1.3) * phase)),
        )
    grid = np.float32(32)
    map_x = np.rint((u * np.float32(SPRITE) + np.float32(SPRITE / 2 - 0.5)) * grid) / grid
    map_y = np.rint((v * np.float32(SPRITE) + np.float32(SPRITE / 2 - 0.5)) * grid) / grid
    pixels = cv2.remap(sprite, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return Layer(np.asarray(pixels, np.uint8), left, top)


def paste(frame: Image, layer: Layer) -> None:
    """Blend a layer onto a frame in place, in integers."""
    height, width = frame.shape[:2]
    rows, columns = layer.pixels.shape[:2]
    x0, y0 = max(layer.left, 0), max(layer.top, 0)
    x1, y1 = min(layer.left + columns, width), min(layer.top + rows, height)
    if x0 >= x1 or y0 >= y1:
        return
    part = layer.pixels[y0 - layer.top : y1 - layer.top, x0 - layer.left : x1 - layer.left]
    under = frame[y0:y1, x0:x1]
    cover = part[..., 3:].astype(np.uint16)
    cover += cover >> 7  # 0..256
    under[...] = (part[..., :3] * cover + under * (256 - cover) + 128) >> 8
