"""Read JPEG frames: complete, of the right kind and size, or a clear error. Pixels come as stored."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.images.image import AS_STORED, decode_image
from curation.images.image_files import check_jpeg, load_frame, refuse, undecodable

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, BGR."""

OTHER_KINDS = {".png", ".bmp", ".tif", ".tiff", ".webp"}
"""Endings of images that are no JPEGs."""

_HANDLES = "/proc/self/fd"
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class FrameReader:
    """Decodes frame after frame into the same memory."""

    def __init__(self) -> None:
        self._buffer = np.empty((1, 1, 3), np.uint8)
        self._unwritten = np.empty((1, 3), np.uint8)
        self._copy = _private_file()

    def __del__(self) -> None:
        if self._copy is not None:
            os.close(self._copy)

    def decode(
        self, content: bytes, path: Path, *, size: tuple[int, int] | None = None, reduced: int = 1
    ) -> Image:
        """Decode one frame.

        Parameters
        ----------
        content : bytes
            Of a JPEG file: colour, grey or CMYK; of another kind, if the name of the file ends so.
        path : Path
            Where it comes from; for messages only.
        size : (width, height), optional
            The size in pixels that the annotation states. It is compared before anything is decoded.
        reduced : {1, 2, 4, 8}
            What a JPEG's width and height are divided by, rounded up. A pixel is then about the mean of a square of
            `reduced` x `reduced` pixels that starts at a multiple of `reduced`; at the right and lower border the
            square may stick out.

        Returns
        -------
        (H, W, 3) uint8
            BGR, valid until the next call. Pixels are as stored: an EXIF orientation tag is ignored, because
            VID's boxes refer to stored pixels.

        Raises
        ------
        InputError
            If the content is empty, not a JPEG, cut short, damaged, or of another size, or there is no memory for
            it (reason `NO_MEMORY`: only that may pass). A flipped bit inside the picture data cannot be told from
            picture data.
        """
        if path.suffix.lower() in OTHER_KINDS:
            other = decode_image(content, path, AS_STORED)
            _check_size(path, (other.shape[1], other.shape[0]), size)
            return other
        stored = check_jpeg(content, path)
        _check_size(path, stored, size)
        try:
            image = self._decode(content, stored, reduced)
        except cv2.error as error:
            raise undecodable(path, stored, f"{error.err or error}") from error
        if image is None:
            raise undecodable(path, stored, "it starts like a JPEG but is damaged")
        return image

    def read(self, path: Path, *, size: tuple[int, int] | None = None, reduced: int = 1) -> Image:
        """`load_frame` and `decode`."""
        return self.decode(load_frame(path), path, size=size, reduced=reduced)

    def _decode(self, content: bytes, size: tuple[int, int], reduced: int) -> Image | None:
        """Decode from a file: only then does OpenCV use existing memory; otherwise it copies the image once more."""
        flags = _REDUCED[reduced] | cv2.IMREAD_IGNORE_ORIENTATION
        if self._copy is None or not _rewrite(self._copy, content):
            image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
            return None if image is None else np.asarray(image, np.uint8)
        width, height = (-(-side // reduced) for side in size)
        if self._buffer.shape != (height, width, 3):
            self._buffer = np.empty((height, width, 3), np.uint8)
            self._unwritten = np.random.default_rng(0).integers(0, 256, (width, 3), np.uint8)
        # OpenCV does not say when it has given up on a picture half-way. Its last row tells.
        self._buffer[-1] = self._unwritten
        image = cv2.imread(f"{_HANDLES}/{self._copy}", self._buffer, flags)
        whole = image is self._buffer and not np.array_equal(image[-1], self._unwritten)
        return self._buffer if whole else None


def _check_size(path: Path, found: tuple[int, int], size: tuple[int, int] | None) -> None:
    if size is not None and found != size:
        raise refuse(
            path,
            f"has {found[0]} x {found[1]} pixels where its annotation says {size[0]} x {size[1]}",
            "image size",
            do="Boxes would point at the wrong pixels: restore the original frame, or correct its annotation",
        )


def read_frame(path: Path, *, size: tuple[int, int] | None = None) -> Image:
    """Decode a single frame into memory of its own; otherwise as `FrameReader.read`."""
    return FrameReader().read(path, size=size)


def _private_file() -> int | None:
    """A file in memory that nobody else can open or change, or None; Linux has them."""
    try:
        handle = os.memfd_create("frame")
    except (AttributeError, OSError):
        return None
    if not Path(_HANDLES, str(handle)).exists():
        os.close(handle)
        return None
    return handle


def _rewrite(handle: int, content: bytes) -> bool:
    """Whether the file now holds exactly that; memory may be missing for it."""
    try:
        os.ftruncate(handle, len(content))
        return os.pwrite(handle, content, 0) == len(content)
    except OSError:
        return False


def keep_freed_memory() -> None:
    """Keep the memory of freed images for the next ones, in this process.

    By default glibc hands blocks of this size back to the system at once, and each is paged in anew: hundreds
    of page faults an image. Its limits follow the largest block that was ever freed, up to 32 MB, so to free
    one is all it takes. With other C libraries this does nothing.
    """
    np.empty(31 << 20, np.uint8)
