"""Read one JPEG frame: whole, of the right kind, or a clear error. The pixels are those that are stored."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError

Image = NDArray[np.uint8]

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_frame(path: Path, *, size: tuple[int, int] | None = None) -> Image:
    """Decode a frame.

    Parameters
    ----------
    path : Path
        A JPEG file: colour, grey or CMYK.
    size : (width, height), optional
        The size in pixels that the annotation states. It is compared before anything is decoded.

    Returns
    -------
    (H, W, 3) uint8
        BGR, as stored: an EXIF orientation tag is ignored, because VID's boxes refer to stored pixels.

    Raises
    ------
    InputError
        If the file is missing, unreadable, empty, not a JPEG, cut short, damaged, or of another size.
        A flipped bit inside the picture data cannot be told from picture data.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _refuse(path, "is missing", "missing image") from None
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error.strerror}", "unreadable image") from error
    return decode_frame(content, path, size=size)


def decode_frame(content: bytes, path: Path, *, size: tuple[int, int] | None = None) -> Image:
    """`read_frame` for bytes already read; `path` is for messages."""
    if not content:
        raise _refuse(path, "has zero bytes", "empty image")
    if not content.startswith(_START):
        raise _refuse(path, "is not a JPEG", "not a JPEG")
    stored, scan = _read_header(content)
    # OpenCV decodes a JPEG that was cut short without a word and paints the rest grey.
    if scan < 0 or content.rfind(_END, scan) < 0:
        raise _refuse(
            path, f"is cut short after {len(content)} bytes (no end-of-image marker)", "truncated image"
        )
    if size is not None and stored != size:
        raise _refuse(
            path,
            f"has {stored[0]} x {stored[1]} pixels where its annotation says {size[0]} x {size[1]}",
            "image size",
            do="Boxes would point at the wrong pixels: restore the original frame, or correct its XML",
        )
    try:
        image = cv2.imdecode(
            np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error as error:
        raise _refuse(path, f"cannot be decoded: {error.err or error}", "damaged image") from error
    if image is None:
        raise _refuse(path, "cannot be decoded: it starts like a JPEG but is damaged", "damaged image")
    return np.asarray(image, np.uint8)


def _read_header(content: bytes) -> tuple[tuple[int, int], int]:
    """(width, height) and the offset of the first scan, from the JPEG's own segments; -1 if it has none.

    An embedded thumbnail has markers of its own; stepping from segment to segment passes over it.
    """
    size = (0, 0)
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if kind in _STANDALONE:
            at += 2
            continue
        if kind == _SCAN:
            return size, at
        if kind in _SIZES and at + 9 <= len(content):
            size = (int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7]))
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return size, -1


def _refuse(path: Path, what: str, reason: str, *, do: str = "") -> InputError:
    return InputError(
        f"{path} {what}",
        do=do or "Restore the frame from the dataset, or leave it out with errors.policy = skip",
        reason=reason,
    )
