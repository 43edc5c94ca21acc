"""Pictures as `data:` addresses, so that the page needs no other file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError

JPEG_QUALITY = 80
MAX_WIDTH = 1400
"""Pixels; wider pictures are shrunk to it."""
MAX_BYTES = 400_000
"""A JPEG or PNG file up to this size goes into the page as it is."""

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
    image = read_image(path)
    data = path.read_bytes()
    mime = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), None)
    if mime is None or len(data) > MAX_BYTES or image.shape[1] > MAX_WIDTH:
        return encode(_shrunk(image))
    return Embedded(address(mime, data), image.shape[1], image.shape[0])


def read_image(path: Path) -> NDArray[np.uint8]:
    """An image file as (H, W, 3) uint8 BGR; `InputError` if it is missing or no image."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        problem = "is not a readable image" if path.exists() else "is missing"
        raise InputError(
            f"picture {path} {problem}", do="Run the stage that makes it again", reason="missing image"
        )
    return np.asarray(image, np.uint8)


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


def address(mime: str, data: bytes) -> str:
    """A file as a `data:` address."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
