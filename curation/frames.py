"""Read JPEG frames: whole, of the right kind and size, or a clear error. Pixels come out as stored."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, BGR."""

MAX_PIXELS = 100_000_000
"""Larger frames are refused unread. 8K video has 33 million; a damaged header can claim four thousand."""

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HEAD = 4096
"""Bytes in which nearly every header ends; one that does not costs a second read."""

_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


class FrameReader:
    """Decodes frame after frame into the same memory."""

    def __init__(self) -> None:
        self._buffer = np.empty((1, 1, 3), np.uint8)
        self._unwritten = np.empty((1, 3), np.uint8)

    def read(self, path: Path, *, size: tuple[int, int] | None = None) -> Image:
        """Decode one frame.

        Parameters
        ----------
        path : Path
            A JPEG file: colour, grey or CMYK.
        size : (width, height), optional
            The size in pixels that the annotation states. It is compared before anything is decoded.

        Returns
        -------
        (H, W, 3) uint8
            BGR, valid until the next call. Pixels are as stored: an EXIF orientation tag is ignored, because
            VID's boxes refer to stored pixels.

        Raises
        ------
        InputError
            If the file is missing, unreadable, empty, not a JPEG, cut short, damaged, or of another size.
            A flipped bit inside the picture data cannot be told from picture data.
        """
        stored = _inspect(path)
        if size is not None and stored != size:
            raise _refuse(
                path,
                f"has {stored[0]} x {stored[1]} pixels where its annotation says {size[0]} x {size[1]}",
                "image size",
                do="Boxes would point at the wrong pixels: restore the original frame, or correct its XML",
            )
        width, height = stored
        if not 0 < width * height <= MAX_PIXELS:
            raise _refuse(path, f"claims a size of {width} x {height} pixels", "image size")
        if self._buffer.shape != (height, width, 3):
            self._buffer = np.empty((height, width, 3), np.uint8)
            self._unwritten = np.random.default_rng(0).integers(0, 256, (width, 3), np.uint8)
        # OpenCV does not say when it has given up on a picture half-way. Its last row tells.
        self._buffer[-1] = self._unwritten
        try:
            image = cv2.imread(str(path), self._buffer, _FLAGS)
        except cv2.error as error:
            raise _refuse(path, f"cannot be decoded: {error.err or error}", "damaged image") from error
        if image is not self._buffer or np.array_equal(image[-1], self._unwritten):
            raise _refuse(path, "cannot be decoded: it starts like a JPEG but is damaged", "damaged image")
        return self._buffer


def read_frame(path: Path, *, size: tuple[int, int] | None = None) -> Image:
    """Decode a single frame into memory of its own; otherwise as `FrameReader.read`."""
    return FrameReader().read(path, size=size)


def keep_freed_memory() -> None:
    """Let this process keep the memory of freed images for the next ones.

    By default glibc hands blocks of this size back to the system at once, and each is paged in anew: hundreds
    of page faults an image. Its limits follow the largest block that was ever freed, up to 32 MB, so to free
    one is all it takes. With other C libraries this does nothing.
    """
    np.empty(31 << 20, np.uint8)


def check_jpeg(content: bytes, path: Path) -> tuple[int, int]:
    """Width and height of a whole JPEG file; `path` is for messages.

    Raises
    ------
    InputError
        If it is empty, not a JPEG, or cut short: it must be there from its first marker to its last.
    """
    if not content:
        raise _refuse(path, "has zero bytes", "empty image")
    if not content.startswith(_START):
        raise _refuse(path, "is not a JPEG", "not a JPEG")
    size, scan = _read_header(content)
    # OpenCV decodes a JPEG that was cut short without a word and paints the rest grey.
    if scan < 0 or content.rfind(_END, scan) < 0:
        raise _refuse(
            path, f"is cut short after {len(content)} bytes (it has no end marker)", "truncated image"
        )
    return size


def _inspect(path: Path) -> tuple[int, int]:
    """As `check_jpeg` for a file; its first block and its last two bytes are nearly always enough."""
    try:
        with path.open("rb", buffering=0) as stream:
            content = stream.read(_HEAD)
            size, scan = _read_header(content)
            if scan >= 0 and stream.seek(-len(_END), os.SEEK_END) >= len(content) and stream.read() == _END:
                return size
            stream.seek(0)
            content = stream.read()
    except FileNotFoundError:
        raise _refuse(path, "is missing", "missing image") from None
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error.strerror}", "unreadable image") from error
    return check_jpeg(content, path)


def _read_header(content: bytes) -> tuple[tuple[int, int], int]:
    """(width, height) and the offset of the first scan, from the JPEG's own segments; -1 if it has none.

    An embedded thumbnail has markers of its own; stepping from segment to segment passes over it.
    """
    size = (0, 0)
    at = len(_START) if content.startswith(_START) else len(content)
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
