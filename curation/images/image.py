"""Read one image of any kind: a plain file of bounded size, complete, or a clear error."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from curation import LARGEST
from curation.errors import InputError
from curation.images.image_files import check_image, undecodable
from curation.outside import read_outside

AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
"""(H, W, 3) uint8 BGR; an EXIF orientation is ignored, because boxes refer to stored pixels."""


def read_image(path: Path, flags: int = cv2.IMREAD_COLOR, *, do: str = "") -> np.ndarray:
    """An image as `cv2.imread(path, flags)` gives it, but only a complete one.

    Parameters
    ----------
    path : Path
        A file of a kind that OpenCV knows.
    flags : int
        OpenCV's; by default (H, W, 3) uint8 BGR, upright.
    do : str
        What the user should do where it cannot be read.

    Raises
    ------
    InputError
        If it is missing, no plain file or too large, and as `decode_image`.
    """
    return decode_image(load_image(path, do=do), path, flags, do=do)


def load_image(path: Path, *, do: str = "") -> bytes:
    """The content of an image file; parameters and errors as of `read_image`."""
    try:
        return read_outside(path, limit=LARGEST, kind="an image", do=do or "Restore the image")
    except FileNotFoundError:
        raise InputError(
            f"image {path} is missing", do=do or "Restore the image", reason="missing image"
        ) from None


def decode_image(content: bytes, path: Path, flags: int = cv2.IMREAD_COLOR, *, do: str = "") -> np.ndarray:
    """Decode the content of an image file; `path` is for messages.

    Raises
    ------
    InputError
        If it is no image, damaged, cut short, or larger than `curation.MAX_PIXELS`.
    """
    cure = do or "Restore the image"
    try:
        size = check_image(content, path)
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except InputError as error:
        raise InputError(error.what, do=cure, reason=error.reason) from error
    except cv2.error as error:
        raise undecodable(path, size, f"{error.err or error}", do=cure) from error
    if image is None and size == (0, 0):
        raise InputError(f"{path} is not a readable image", do=cure, reason="bad image")
    if image is None:
        raise undecodable(path, size, "it is damaged", do=cure)
    return np.asarray(image)
