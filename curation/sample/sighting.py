"""The visible part of an object in a frame: its box, its fitted box, and its visible share."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.layers import Layer
from curation.sample.motion import FloatArray


@dataclass(frozen=True)
class Sighting:
    """One object in one frame.

    Attributes
    ----------
    corners : (xmin, ymin, xmax, ymax) of int or None
        The tight box of the object's mask clipped to the image, 0-based, both ends inclusive; what hides the
        object does not shrink it. None where no pixel of the mask is inside the image.
    polygon : (4, 2) float64
        The box along the object's own axes, 0-based, not clipped: it joins the outermost pixels' centres.
    inside : float
        Share of the mask's pixels inside the image.
    visible : float
        Share of the mask's pixels inside the image and hidden by nothing nearer.
    """

    corners: tuple[int, int, int, int] | None
    polygon: FloatArray
    inside: float
    visible: float

    @property
    def hidden(self) -> float:
        """Share of what is inside the image that something nearer hides."""
        return 1.0 - self.visible / self.inside if self.inside else 0.0


def see(layer: Layer, hidden: NDArray[np.bool_], angle: float) -> Sighting:
    """Measure a layer, turned by `angle` degrees, in a frame where nearer things cover `hidden`, (H, W)."""
    mask = layer.mask
    total = max(int(np.count_nonzero(mask)), 1)
    rows, columns, own_rows, own_columns = _window(layer, hidden.shape)
    part = mask[own_rows, own_columns]
    inside = int(np.count_nonzero(part))
    visible = int(np.count_nonzero(part & ~hidden[rows, columns]))
    corners = None
    if inside:
        x, y, wide, high = cv2.boundingRect(part.astype(np.uint8))
        x, y = x + columns.start, y + rows.start
        corners = (x, y, x + wide - 1, y + high - 1)
    return Sighting(corners, _fit(layer, angle), inside / total, visible / total)


def cover(hidden: NDArray[np.bool_], layer: Layer) -> None:
    """Mark a layer's pixels in a (height, width) map, in place."""
    rows, columns, own_rows, own_columns = _window(layer, hidden.shape)
    hidden[rows, columns] |= layer.mask[own_rows, own_columns]


def _window(layer: Layer, shape: tuple[int, ...]) -> tuple[slice, slice, slice, slice]:
    """The part of a layer inside a frame: rows and columns of the frame, rows and columns of the layer."""
    rows, columns = layer.pixels.shape[:2]
    x0, y0 = min(max(layer.left, 0), shape[1]), min(max(layer.top, 0), shape[0])
    x1, y1 = max(min(layer.left + columns, shape[1]), x0), max(min(layer.top + rows, shape[0]), y0)
    own = slice(y0 - layer.top, y1 - layer.top), slice(x0 - layer.left, x1 - layer.left)
    return slice(y0, y1), slice(x0, x1), *own


def _fit(layer: Layer, angle: float) -> FloatArray:
    """The corners, (4, 2), of the tight box turned by `angle` degrees round a layer's mask."""
    y, x = np.nonzero(layer.mask)
    if not x.size:
        return np.full((4, 2), np.nan)
    turn = np.deg2rad(angle)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    own = axes @ np.stack([x + layer.left, y + layer.top])
    (u0, v0), (u1, v1) = own.min(axis=1), own.max(axis=1)
    return np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1)]) @ axes
