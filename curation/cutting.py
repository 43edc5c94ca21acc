"""Cut windows out of one decoded frame, scale and encode them; nothing is done to a whole frame per object.

The crops equal, pixel for pixel, those of the recipe that pads the whole frame with its mean colour, cuts,
and resizes with bicubic interpolation; and, byte for byte, its JPEG files.
"""

from __future__ import annotations

import cv2
import numpy as np

from curation.frames import Image
from curation.geometry import Window


class FrameCutter:
    """Cuts windows out of one frame.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        BGR. It is not modified.
    """

    def __init__(self, frame: Image) -> None:
        self._frame = frame
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
            BGR, bicubic (`cv2.INTER_CUBIC`).
        """
        crop = cv2.resize(self._patch(window), (size, size), interpolation=cv2.INTER_CUBIC)
        return np.asarray(crop, np.uint8)

    def _patch(self, window: Window) -> Image:
        height, width = self._frame.shape[:2]
        left, top, side = window
        right, bottom = left + side, top + side
        if left >= 0 and top >= 0 and right <= width and bottom <= height:
            return self._frame[top:bottom, left:right]
        if left >= width or top >= height or right <= 0 or bottom <= 0:
            return np.full((side, side, 3), self.fill, np.uint8)
        inside = self._frame[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
        padded = cv2.copyMakeBorder(
            inside,
            max(-top, 0),
            max(bottom - height, 0),
            max(-left, 0),
            max(right - width, 0),
            cv2.BORDER_CONSTANT,
            value=self.fill,
        )
        return np.asarray(padded, np.uint8)


def encode_jpeg(image: Image, quality: int) -> bytes:
    """JPEG bytes of an (H, W, 3) BGR uint8 image, as `cv2.imwrite` writes them at that quality (0..100)."""
    _, encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return encoded.tobytes()
