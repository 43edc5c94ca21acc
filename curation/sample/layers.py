"""Sprites and layers: a picture with coverage, its rendering in a pose, and operations on the result.

Colours are premultiplied by coverage throughout, so that resampling, blurring and stacking leave no fringes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.outlines import SPRITE
from curation.sample.textures import Image

LEVELS = 4
"""Sizes at which a sprite is kept, each half of the one before, so that small ones do not flicker."""

REACH = 0.72
"""Half the diagonal of a sprite, in sides: how far from its centre it may cover."""


@dataclass(frozen=True)
class Sprite:
    """A picture with coverage: (s, s, 4) uint8, premultiplied BGR and coverage, at `LEVELS` sizes."""

    levels: tuple[Image, ...]

    @classmethod
    def cut(cls, rng: np.random.Generator, texture: Image, outline: Image, *, shaded: bool = True) -> Sprite:
        """Cut a texture, (SPRITE, SPRITE, 3) uint8 BGR, to an outline, (SPRITE, SPRITE) uint8 coverage.

        Where `shaded`, it darkens towards the edge and to one side, as round things do.
        """
        lit = texture.astype(np.float32)
        if shaded:
            depth = cv2.distanceTransform((outline > 127).astype(np.uint8), cv2.DIST_L2, 3)
            shade = 0.55 + 0.45 * np.minimum(depth / (SPRITE * 0.09), 1.0)
            axis = np.linspace(-1, 1, SPRITE, dtype=np.float32)
            turn = rng.uniform(0, 2 * np.pi)
            side = np.float32(np.cos(turn)) * axis[None] + np.float32(np.sin(turn)) * axis[:, None]
            lit = np.clip(lit * (shade * (1 + 0.18 * side))[..., None], 0, 255)
        cover = outline[..., None].astype(np.float32) / 255
        levels = [np.dstack([np.rint(lit * cover).astype(np.uint8), outline])]
        while len(levels) < LEVELS:
            half = levels[-1].shape[0] // 2
            levels.append(
                np.asarray(cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA), np.uint8)
            )
        return cls(tuple(levels))

    def level(self, size: float) -> Image:
        """The smallest picture that is no smaller than `size` pixels, or the largest there is."""
        for picture in reversed(self.levels):
            if picture.shape[0] >= size:
                return picture
        return self.levels[0]


@dataclass(frozen=True)
class Pose:
    """The place and look of a sprite in one frame.

    `x`, `y`: centre, 0-based pixels, whole numbers at pixel centres. `size`: side of the sprite in the frame,
    pixels. `angle`: degrees, clockwise on the screen. `stretch`: square root of the width over height gained
    by turning out of the plane. `bend`: largest displacement by deformation, as a fraction of the side;
    `phase`: of the deformation, turns.
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
    """Something rendered: (h, w, 4) uint8, its top-left pixel at frame pixel (left, top), maybe outside."""

    pixels: Image
    left: int
    top: int

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(h, w) bool: pixels more than half covered."""
        return self.pixels[..., 3] > 127


def render(sprite: Sprite, pose: Pose) -> Layer:
    """Resample a sprite in its pose: rotation, stretch, scale, and a travelling sideways bend, bilinear."""
    radius = int(np.ceil(pose.size * REACH * max(pose.stretch, 1 / pose.stretch) * (1 + 2 * pose.bend))) + 2
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
    picture = sprite.level(pose.size)
    scale, middle = np.float32(picture.shape[0]), np.float32(picture.shape[0] / 2 - 0.5)
    grid = np.float32(32)
    map_x, map_y = (np.rint((axis * scale + middle) * grid) / grid for axis in (u, v))
    pixels = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return Layer(np.asarray(pixels, np.uint8), left, top)


def paste(frame: Image, layer: Layer) -> None:
    """Put a layer on a frame or on another layer's pixels, (H, W, 3 or 4) uint8, in place, in integers."""
    height, width, channels = frame.shape
    rows, columns = layer.pixels.shape[:2]
    x0, y0 = max(layer.left, 0), max(layer.top, 0)
    x1, y1 = min(layer.left + columns, width), min(layer.top + rows, height)
    if x0 >= x1 or y0 >= y1:
        return
    part = layer.pixels[y0 - layer.top : y1 - layer.top, x0 - layer.left : x1 - layer.left]
    under = frame[y0:y1, x0:x1]
    cover = part[..., 3:].astype(np.uint16)
    cover += cover >> 7  # 0..256
    under[...] = part[..., :channels] + ((under * (256 - cover) + 128) >> 8)


def stack(layers: Sequence[Layer]) -> Layer:
    """One layer from several, the last in front."""
    left, top = min(layer.left for layer in layers), min(layer.top for layer in layers)
    right = max(layer.left + layer.pixels.shape[1] for layer in layers)
    bottom = max(layer.top + layer.pixels.shape[0] for layer in layers)
    canvas = np.zeros((bottom - top, right - left, 4), np.uint8)
    for layer in layers:
        paste(canvas, Layer(layer.pixels, layer.left - left, layer.top - top))
    return Layer(canvas, left, top)


def smear(layer: Layer, dx: float, dy: float) -> Layer:
    """A layer blurred along (dx, dy) pixels of motion; below one pixel, the layer itself."""
    length = float(np.hypot(dx, dy))
    if length < 1:
        return layer
    reach = int(np.ceil(length / 2)) + 1
    padded = cv2.copyMakeBorder(layer.pixels, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    return Layer(smear_image(np.asarray(padded, np.uint8), dx, dy), layer.left - reach, layer.top - reach)


def smear_image(image: Image, dx: float, dy: float) -> Image:
    """An image, (H, W, C) uint8, blurred along (dx, dy) pixels of motion."""
    length = float(np.hypot(dx, dy))
    if length < 1:
        return image
    reach = int(np.ceil(length / 2)) + 1
    axis = np.arange(-reach, reach + 1, dtype=np.float64)
    along = (axis[None, :] * dx + axis[:, None] * dy) / length
    across = (axis[:, None] * dx - axis[None, :] * dy) / length
    kernel = np.clip(1 - np.abs(across), 0, 1) * np.clip(length / 2 + 0.5 - np.abs(along), 0, 1)
    kernel = np.rint(kernel / kernel.sum() * 65536) / 65536
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)
