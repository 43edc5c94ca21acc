"""Scenes for the box head: a piece of one crop, of any shape, on another crop, twice, with known boxes.

Between both frames it turns, grows, bends, changes its light and is hidden in part, whatever the dataset's own objects
do. Heads that saw such pairs too are right more often on real video (tracking/trials/BOX_HEAD.md).
"""

from __future__ import annotations

import cv2
import numpy as np

from training.tracking.interface import Frame
from training.tracking.windows import sample_window

SMALLEST_SIDE, LARGEST_SIDE = 26.0, 90.0
"""Mean side of the piece, pixels of the crop."""

LEAST = 12
"""Pieces whose box has a shorter side, pixels, are of no use."""


def paste(
    texture: Frame, ground: Frame, random: np.random.Generator
) -> list[tuple[Frame, np.ndarray]] | None:
    """Two frames with one piece in both; None if the piece became too small.

    Parameters
    ----------
    texture, ground : (S, S, 3) uint8
        Where the piece comes from, and what it is put on.
    random : Generator

    Returns
    -------
    list of two (frame, box)
        (S, S, 3) uint8, and x, y, w, h in pixels.
    """
    side = len(ground)
    piece, shape, mean = _piece(texture, side, random)
    view, scale = side * random.uniform(0.2, 0.8, 2), random.uniform(0.5, 1.1)
    turn = random.normal(0, 10)
    made = []
    for later in (False, True):
        behind = sample_window(ground, view, (scale, scale), (side, side), fill=None)
        growth, stretch = np.exp(random.normal(0, [0.2, 0.09])) if later else (1.0, 1.0)
        angle = turn + (random.normal(0, 18) if random.random() < 0.8 else random.uniform(-180, 180)) * later
        shown, cover = _changed(piece, shape, mean, random) if later else (piece, shape)
        place = side / 2 + random.normal(0, 0.06 * side, 2)
        frame, mask = _put(
            behind, shown, cover, place, np.deg2rad(angle), (growth * stretch, growth / stretch), random
        )
        box = _box_of(mask)
        if min(box[2:]) < LEAST:
            return None
        if later and random.random() < 0.25:
            frame = _covered(frame, ground, box, random)
        made.append((frame, box))
        if random.random() < 0.3:
            view = side * random.uniform(0.2, 0.8, 2)
        else:
            view, scale = view + random.normal(0, 8, 2), scale * np.exp(random.normal(0, 0.08))
    return made


def _piece(texture: Frame, side: int, random: np.random.Generator) -> tuple[Frame, np.ndarray, float]:
    """A piece, (h, w, 3) uint8, the (h, w) uint8 mask of its shape, and its mean side in pixels."""
    mean = np.exp(random.uniform(np.log(SMALLEST_SIDE), np.log(LARGEST_SIDE)))
    ratio = np.exp(random.normal(0, 0.35))
    width, height = int(mean * ratio) + 2, int(mean / ratio) + 2
    zoom = random.uniform(0.4, 1.3)
    piece = sample_window(
        texture, side * random.uniform(0.1, 0.9, 2), (zoom, zoom), (height, width), fill=None
    )
    if random.random() < 0.5:  # other contrast and colour than the ground's
        piece = _lit(piece, random.uniform(0.6, 1.5), random.normal(0, 35) + random.normal(0, 20, 3))
    return piece, _blob(width, height, random), mean


def _changed(
    piece: Frame, shape: np.ndarray, mean: float, random: np.random.Generator
) -> tuple[Frame, np.ndarray]:
    """Piece and mask as the later frame shows them: sometimes bent, sometimes in other light."""
    if random.random() < 0.6:
        piece, shape = _bent(piece, shape, mean, random)
    if random.random() < 0.5:
        piece = _lit(piece, np.exp(random.normal(0, 0.2)), random.normal(0, 12))
    return piece, shape


def _box_of(mask: np.ndarray) -> np.ndarray:
    """The xywh box of a mask's pixels over 127; zeros if there are none."""
    rows, columns = np.nonzero(mask > 127)
    if not len(rows):
        return np.zeros(4)
    return np.array([columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1], np.float64)


def _blob(width: int, height: int, random: np.random.Generator) -> np.ndarray:
    """(height, width) uint8 mask of a random shape that touches all four sides; a quarter are rectangles."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    if random.random() < 0.25:
        radius = 1 / np.maximum(np.abs(np.cos(angles)), np.abs(np.sin(angles)))
    else:
        waves = np.arange(1, random.integers(5, 11))[:, None]
        sizes = random.normal(0, 0.35 / waves**1.1)
        radius = 1 + (sizes * np.cos(waves * angles + random.uniform(0, 2 * np.pi, waves.shape))).sum(0)
    points = (radius.clip(0.25, 2.2) * np.array([np.cos(angles), np.sin(angles)])).T
    points = (points - points.min(0)) / np.ptp(points, axis=0) * [width - 1, height - 1]
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], (255,))
    return mask


def _bent(
    piece: Frame, shape: np.ndarray, mean: float, random: np.random.Generator
) -> tuple[Frame, np.ndarray]:
    """Piece and mask, each point moved smoothly by about a twentieth of the mean side."""
    height, width = shape.shape
    x, y = (
        axis
        + cv2.resize(random.normal(0, 0.05 * mean, (4, 4)), (width, height), interpolation=cv2.INTER_CUBIC)
        for axis in np.meshgrid(np.arange(width), np.arange(height))
    )
    x, y = x.astype(np.float32), y.astype(np.float32)
    moved = cv2.remap(piece, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8), cv2.remap(shape, x, y, cv2.INTER_LINEAR)


def _put(
    ground: Frame,
    piece: Frame,
    shape: np.ndarray,
    place: np.ndarray,
    angle: float,
    scale: tuple[float, float],
    random: np.random.Generator,
) -> tuple[Frame, np.ndarray]:
    """The ground with the piece on it, soft at its edge, and the piece's (S, S) uint8 mask.

    `place` is the (x, y) of its middle in pixel-centre coordinates, `angle` in radians, `scale` along its (x, y).
    """
    side = len(ground)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag(scale)
    warp = np.column_stack([turn, place - turn @ [(shape.shape[1] - 1) / 2, (shape.shape[0] - 1) / 2]])
    mask = cv2.warpAffine(shape, warp, (side, side))
    shown = cv2.warpAffine(piece, warp, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    share = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.5, 1.2)).astype(np.float32)[..., None] / 255
    return np.asarray(ground * (1 - share) + shown * share, np.uint8), mask


def _covered(frame: Frame, ground: Frame, box: np.ndarray, random: np.random.Generator) -> Frame:
    """The frame with a rectangle of the ground in front of part of the box."""
    side = len(frame)
    size = (box[2:] * random.uniform([0.2, 0.3], [0.6, 1.2])).astype(int) + 1
    left, top = (box[:2] + box[2:] * random.uniform([-0.2, -0.2], [1.0, 0.8])).clip(0, side - 2).astype(int)
    right, bottom = min(left + size[0], side), min(top + size[1], side)
    front = sample_window(
        ground, random.uniform(0, side, 2), (1.0, 1.0), (bottom - top, right - left), fill=None
    )
    frame = frame.copy()
    frame[top:bottom, left:right] = front
    return frame


def _lit(image: Frame, contrast: float, light: float | np.ndarray) -> Frame:
    """The image with other contrast about mid-grey, and lighter by `light` grey levels, a number or one a channel."""
    changed = (image.astype(np.float32) - 128) * contrast + 128 + light
    return np.asarray(changed.clip(0, 255), np.uint8)
