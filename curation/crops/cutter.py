"""Cut, scale and encode windows of a decoded frame without processing the whole frame for each.

The crops equal, pixel for pixel, those of the recipe that pads the whole frame with its mean colour, cuts,
and resizes with bicubic interpolation; and, byte for byte, its JPEG files. The window of a large object is
mostly padding, often several times the frame in area. So padding is not made: only the few rows and columns
of it that share an output pixel with the frame are written, and output pixels that depend on padding alone
are painted afterwards.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from curation.crops.geometry import Window
from curation.images.frames import Image

_Span = tuple[int, int]
"""First and one past the last row (or column)."""

_REACH = 3
"""A bicubic output pixel at source position p reads the pixels from floor(p) - 1 to floor(p) + 2."""


class FrameCutter:
    """Cuts windows out of frames, one frame at a time.

    It keeps the memory of its padded windows from one to the next: up to 3 bytes for each pixel of the
    largest window, of which only the part that the frame covers is ever written.
    """

    def __init__(self) -> None:
        self._space = np.empty(0, np.uint8)
        self.open(np.empty((0, 0, 3), np.uint8))

    def open(self, frame: Image, reduced: int = 1) -> None:
        """Take a frame to cut from.

        Parameters
        ----------
        frame : (H, W, 3) uint8
            BGR. Do not change it before the next one.
        reduced : int
            What it was reduced by (`FrameReader.decode`). Windows are in pixels of the whole frame all the same.
        """
        self._frame = frame
        self._reduced = reduced
        self._fill: tuple[int, int, int] | None = None

    @property
    def fill(self) -> tuple[int, int, int]:
        """Mean colour of the frame, BGR, truncated to integers; computed when first asked for."""
        if self._fill is None:
            height, width = self._frame.shape[:2]
            blue, green, red, _ = cv2.sumElems(self._frame)
            count = height * width
            self._fill = (int(blue) // count, int(green) // count, int(red) // count)
        return self._fill

    def cut(self, window: Window, size: int) -> Image:
        """The window, scaled to `size` x `size` pixels; outside the image it has the frame's mean colour.

        Returns
        -------
        (size, size, 3) uint8
            BGR, bicubic (`cv2.INTER_CUBIC`); of a reduced frame bilinear, because its pixels are means already.
        """
        if self._reduced > 1:
            return self._cut_reduced(window, size)
        height, width = self._frame.shape[:2]
        left, top, side = window
        rows = (max(-top, 0), min(height - top, side))
        columns = (max(-left, 0), min(width - left, side))
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            return np.full((size, size, 3), self.fill, np.uint8)
        inside = self._frame[top + rows[0] : top + rows[1], left + columns[0] : left + columns[1]]
        if rows == columns == (0, side):
            return _scale(inside, size)
        crop = _scale(self._patch(inside, rows, columns, side), size)
        _paint_around(crop, _touched(rows, side, size), _touched(columns, side, size), self.fill)
        return crop

    def _cut_reduced(self, window: Window, size: int) -> Image:
        """Output pixel i lies at `left + (i + 1/2) side / size - 1/2` of the whole frame."""
        scale = window.side / size / self._reduced
        first = [(corner + 0.5 * window.side / size) / self._reduced - 0.5 for corner in window[:2]]
        matrix = np.array([[scale, 0, first[0]], [0, scale, first[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(
            self._frame,
            matrix,
            (size, size),
            flags=flags,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=self.fill,
        )
        return np.asarray(crop, np.uint8)

    def _patch(self, inside: Image, rows: _Span, columns: _Span, side: int) -> Image:
        """A (side, side, 3) image: `inside` in its place, a border around it, anything elsewhere."""
        needed = 3 * side * side
        if len(self._space) < needed:
            self._space = np.empty(needed, np.uint8)
        patch = self._space[:needed].reshape(side, side, 3)
        border = 2 * _REACH  # twice, to cover what `_touched` adds for rounding
        top, left = max(rows[0] - border, 0), max(columns[0] - border, 0)
        framed = patch[top : rows[1] + border, left : columns[1] + border]
        place = (rows[0] - top, rows[1] - top), (columns[0] - left, columns[1] - left)
        _paint_around(framed, *place, self.fill)
        framed[slice(*place[0]), slice(*place[1])] = inside
        return patch


def encode_jpeg(image: Image, quality: int) -> bytes:
    """JPEG bytes of an (H, W, 3) BGR uint8 image, as `cv2.imwrite` writes them at that quality (0..100)."""
    _, encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return encoded.tobytes()


def _scale(patch: Image, size: int) -> Image:
    return np.asarray(cv2.resize(patch, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


def _touched(span: _Span, side: int, size: int) -> _Span:
    """The output rows that depend on any row of `span`, with a spare row on each side for rounding.

    Output row i lies at source position `(i + 1/2) side / size - 1/2`.
    """
    scale = side / size
    first = math.ceil((span[0] - _REACH + 0.5) / scale - 0.5)
    last = math.floor((span[1] - 1 + _REACH + 0.5) / scale - 0.5)
    return max(first, 0), min(last + 1, size)


def _paint_around(image: Image, rows: _Span, columns: _Span, colour: tuple[int, int, int]) -> None:
    """Paint an image except the given rows and columns, in place."""
    height, width = image.shape[:2]
    for top, bottom, left, right in (
        (0, rows[0], 0, width),
        (rows[1], height, 0, width),
        (*rows, 0, columns[0]),
        (*rows, columns[1], width),
    ):
        if top < bottom and left < right:
            cv2.rectangle(image, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)
