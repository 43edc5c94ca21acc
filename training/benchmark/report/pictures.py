"""Pictures as `data:` addresses, so that the page needs no other file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.images.image import AS_STORED, decode_image, load_image
from training.benchmark.report.downloads import address

JPEG_QUALITY = 80
MAX_WIDTH = 1400
"""Pixels; wider pictures are shrunk to it."""
MAX_BYTES = 400_000
"""A JPEG or PNG file up to this size goes into the page as it is."""

_MAKE = "Run the stage that makes it again"
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True)
class Embedded:
    """A picture ready for an `<img>`: its `data:` address, width and height in pixels."""

    source: str
    width: int
    height: int


def embed(path: Path) -> Embedded:
    """A JPEG or PNG file as it is, or shrunk if it is wide or heavy; other images as JPEG.

    Raises
    ------
    InputError
        If the file is missing or no image.
    """
    data = _load(path)
    image = decode_image(data, path, AS_STORED, do=_MAKE)
    mime = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), None)
    if mime is None or len(data) > MAX_BYTES or image.shape[1] > MAX_WIDTH:
        return encode(_shrunk(image))
    return Embedded(address(mime, data), image.shape[1], image.shape[0])


def read_image(path: Path) -> NDArray[np.uint8]:
    """An image file as (H, W, 3) uint8 BGR, pixels as stored; `InputError` if it is missing or not a whole image."""
    return decode_image(_load(path), path, AS_STORED, do=_MAKE)


def _load(path: Path) -> bytes:
    return load_image(path, do=_MAKE)


def encode(image: NDArray[np.uint8]) -> Embedded:
    """(H, W, 3) uint8 BGR as a JPEG of `JPEG_QUALITY`."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return Embedded(address("image/jpeg", data.tobytes()), image.shape[1], image.shape[0])


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width <= MAX_WIDTH:
        return image
    size = (MAX_WIDTH, max(1, round(height * MAX_WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
