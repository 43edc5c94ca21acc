"""Pictures as `data:` addresses, so that the page needs no other file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from curation.images import AS_STORED, decode_image, load_image

JPEG_QUALITY = 80
MAX_WIDTH = 1400
"""Pixels; wider pictures are shrunk to it."""
MAX_BYTES = 400_000
"""A JPEG or PNG file up to this size goes into the page as it is."""
MAP_WIDTH = 240
"""Pixels to which small maps (response maps of 17 x 17 cells) are enlarged, cell by cell."""

_MAKE = "Run the stage that makes it again"
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True)
class Embedded:
    """A picture ready for an `<img>`: its `data:` address, width and height in pixels."""

    source: str
    width: int
    height: int


def embed(image: Path | NDArray[Any]) -> Embedded:
    """A file or an array as `Picture.image` describes them, ready for the page.

    Raises
    ------
    InputError
        If the file is missing or no JPEG or PNG, or the array has another shape or type.
    """
    if isinstance(image, Path):
        return _embed_file(image)
    if image.ndim == 2 and np.issubdtype(image.dtype, np.floating):
        return encode(false_colours(image), ".png")
    if image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8:
        return encode(_shrunk(image), ".jpg")
    raise InputError(
        f"a picture is an array of shape {image.shape} and type {image.dtype}",
        do="Give (H, W, 3) uint8 BGR or an (H, W) float map",
    )


def read_image(path: Path) -> NDArray[np.uint8]:
    """An image file as (H, W, 3) uint8 BGR, pixels as stored; `InputError` if it is missing or not a whole image."""
    return decode_image(_load(path), path, AS_STORED, do=_MAKE)


def _load(path: Path) -> bytes:
    return load_image(path, do=_MAKE)


def encode(image: NDArray[np.uint8], kind: str) -> Embedded:
    """(H, W, 3) uint8 BGR as `kind` (`.jpg` at `JPEG_QUALITY`, or `.png`)."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if kind == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    _, data = cv2.imencode(kind, image, options)
    mime = "image/jpeg" if kind == ".jpg" else "image/png"
    return Embedded(_address(mime, data.tobytes()), image.shape[1], image.shape[0])


def false_colours(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """A float map (H, W) as (H', W', 3) uint8 BGR in viridis, smallest value to largest; NaN is black."""
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    scaled = np.where(finite, (values - low) / (high - low), 0) if high > low else np.zeros(values.shape)
    coloured = cv2.applyColorMap(np.rint(scaled * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    coloured[~finite] = 0
    factor = max(1, round(MAP_WIDTH / values.shape[1]))
    return np.asarray(coloured.repeat(factor, axis=0).repeat(factor, axis=1), np.uint8)


def _embed_file(path: Path) -> Embedded:
    data = _load(path)
    image = decode_image(data, path, AS_STORED, do=_MAKE)
    mime = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), None)
    if mime is None or len(data) > MAX_BYTES or image.shape[1] > MAX_WIDTH:
        return encode(_shrunk(image), ".jpg")
    return Embedded(_address(mime, data), image.shape[1], image.shape[0])


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width <= MAX_WIDTH:
        return image
    size = (MAX_WIDTH, max(1, round(height * MAX_WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _address(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
