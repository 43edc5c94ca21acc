"""Windows of a frame, each resampled by one affine warp of the frame itself."""

from __future__ import annotations

import cv2
import numpy as np

from training.tracking.interface import Box, Frame

AREA_FROM = 2.0
"""Shrinking by this factor or more averages whole blocks of pixels first, so that nothing aliases."""


def centre_and_size(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Split an xywh box into its centre (x, y) in pixel-centre coordinates and its size (w, h), float64."""
    return box[:2] + (box[2:] - 1) / 2, box[2:].copy()


def box_around(centre: np.ndarray, size: np.ndarray) -> Box:
    """The xywh box of a centre (x, y) in pixel-centre coordinates and a size (w, h)."""
    return np.concatenate([centre - (size - 1) / 2, size])


def inside(centre: np.ndarray, frame: Frame) -> np.ndarray:
    """Move a centre (x, y) to the nearest pixel of the frame, if it lies outside."""
    return np.clip(centre, 0.0, [frame.shape[1] - 1.0, frame.shape[0] - 1.0])


def visible(box: Box, frame: Frame) -> Box:
    """The part of an xywh box, (4,) float64, that lies in the frame: so benchmarks annotate targets.

    It is at least a pixel wide and high, but a side of less than a pixel is never changed. A box that lies inside comes
    back as it is.
    """
    place, size = box[:2], box[2:]
    limits = np.array([frame.shape[1], frame.shape[0]], dtype=np.float64)
    least = np.minimum(size, 1.0)
    start = np.clip(place, 0.0, limits - least)
    beyond = np.maximum(place + size - limits, 0.0)
    return np.concatenate([start, np.maximum(size - (start - place) - beyond, least)])


def sample_window(
    frame: Frame,
    centre: np.ndarray,
    step: tuple[float, float],
    shape: tuple[int, int],
    *,
    fill: tuple[float, ...] | None,
    angle: float = 0.0,
    mirror: bool = False,
) -> Frame:
    """Resample a window of the frame.

    Pixel (v, u) of the result lies at centre + R (u - (W - 1) / 2) step_x, (v - (H - 1) / 2) step_y.

    Parameters
    ----------
    frame : (H, W, 3) uint8
    centre : (2,) float
        (x, y) of the window's middle, pixel-centre coordinates (the top-left pixel's middle is 0, 0).
    step : (step_x, step_y)
        Frame pixels from one pixel of the result to the next: 2.0 halves the image.
    shape : (height, width)
        Size of the result in pixels.
    fill : colour or None
        BGR outside the frame; None replicates the border.
    angle : float
        Rotation R of the window, radians, clockwise in the image.
    mirror : bool
        Whether left and right are exchanged.

    Returns
    -------
    (height, width, 3) uint8
    """
    height, width = shape
    linear = linear_map(step, angle=angle, mirror=mirror)
    origin = np.asarray(centre, dtype=np.float64) - linear @ [(width - 1) / 2, (height - 1) / 2]
    if min(step) >= AREA_FROM:
        frame, linear, origin = _shrunk(frame, linear, origin, shape, int(min(step)))
    window = cv2.warpAffine(
        frame,
        np.column_stack([linear, origin]),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT,
        borderValue=fill or (),
    )
    return np.asarray(window, np.uint8)


def linear_map(step: tuple[float, float], *, angle: float = 0.0, mirror: bool = False) -> np.ndarray:
    """The (2, 2) matrix from (x, y) offsets in a window to offsets in the frame; see `sample_window`."""
    cos, sin = np.cos(angle), np.sin(angle)
    flip = -1.0 if mirror else 1.0
    return np.array([[cos * step[0] * flip, -sin * step[1]], [sin * step[0] * flip, cos * step[1]]])


def _shrunk(
    frame: Frame, linear: np.ndarray, origin: np.ndarray, shape: tuple[int, int], factor: int
) -> tuple[Frame, np.ndarray, np.ndarray]:
    """Average the covered part of the frame over factor x factor blocks, and map the warp onto it."""
    corners = origin + np.array([[0, 0], [shape[1], 0], [0, shape[0]], [shape[1], shape[0]]]) @ linear.T
    limits = np.array([frame.shape[1], frame.shape[0]])
    start = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2 * factor, 0, limits - 1)
    stop = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2 * factor, 1, limits)
    blocks = (stop - start) // factor
    if blocks.min() < 1:
        return frame, linear, origin
    stop = start + blocks * factor
    part = frame[start[1] : stop[1], start[0] : stop[0]]
    small = cv2.resize(part, (int(blocks[0]), int(blocks[1])), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), linear / factor, (origin - start - (factor - 1) / 2) / factor
