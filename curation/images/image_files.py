"""Image files as bytes, checked before decoding: complete, and not too large."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from curation import LARGEST, MAX_PIXELS
from curation.errors import InputError
from curation.outside import read_outside

NO_MEMORY = "out of memory"
"""`InputError.reason` where a picture may be sound, but could not be decoded."""

_DECODING = 16
"""Bytes a pixel that decoding may take: a progressive JPEG's coefficients, the picture, and a copy."""

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

Size = tuple[int, int]
"""Width and height in pixels."""


def load_frame(path: Path) -> bytes:
    """The content of a frame's file.

    Raises
    ------
    InputError
        If it is missing, not a plain file, larger than any frame, or cannot be read. That may pass: it says nothing
        about what the file holds.
    """
    cure = "Restore the frame from the dataset, then run again"
    try:
        return read_outside(path, limit=LARGEST, kind="a frame", do=cure)
    except FileNotFoundError:
        raise refuse(path, "is missing", "missing image", do=cure) from None


def check_image(content: bytes, path: Path) -> Size:
    """`check_jpeg` of a file that is a JPEG or empty; (0, 0) for any other kind, which OpenCV checks itself."""
    return check_jpeg(content, path) if not content or content.startswith(_START) else (0, 0)


def check_jpeg(content: bytes, path: Path) -> Size:
    """Width and height of a whole JPEG file; `path` is for messages.

    Raises
    ------
    InputError
        If it is empty, not a JPEG, cut short, or larger than `MAX_PIXELS`: it must be there from its first marker
        to its last.
    """
    if not content:
        raise refuse(path, "has zero bytes", "empty image")
    if not content.startswith(_START):
        raise refuse(path, "is not a JPEG", "not a JPEG")
    size, scan = _read_header(content)
    # OpenCV decodes a JPEG that was cut short without a word and paints the rest grey.
    if scan < 0 or content.rfind(_END, scan) < 0:
        raise refuse(
            path, f"is cut short after {len(content)} bytes (it has no end marker)", "truncated image"
        )
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise refuse(path, f"claims a size of {size[0]} x {size[1]} pixels", "image size")
    return size


def _read_header(content: bytes) -> tuple[Size, int]:
    """(width, height) and the offset of the first scan, from the JPEG's own segments; -1 if it has none.

    An embedded thumbnail has markers of its own; stepping from segment to segment passes over it.
    """
    size = (0, 0)
    at = len(_START)
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


def undecodable(path: Path, size: Size, why: str, *, do: str = "") -> InputError:
    """The error for a picture that was not decoded: the picture's fault only if there was enough memory."""
    try:
        np.empty(_DECODING * size[0] * size[1], np.uint8)
    except MemoryError:
        return InputError(
            f"there is no memory to decode {path} ({size[0]} x {size[1]} pixels)",
            do="Run again with fewer jobs (python -m pipelines settings): finished work is kept",
            reason=NO_MEMORY,
        )
    return refuse(path, f"cannot be decoded: {why}", "damaged image", do=do)


def refuse(path: Path, what: str, reason: str, *, do: str = "") -> InputError:
    """The error for a file; by default the cure is that of a frame of the dataset."""
    return InputError(
        f"{path} {what}",
        do=do or "Restore the frame from the dataset, or leave it out with errors.policy = skip",
        reason=reason,
    )
