"""Read one image of any kind: a plain file of bounded size, decoded whole, or a clear error."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from curation.errors import InputError
from curation.outside import read_outside

LIMIT = 512 << 20
"""Most bytes of an image file; OpenCV refuses more pixels than `curation.MAX_PIXELS`."""


def read_image(path: Path, flags: int = cv2.IMREAD_COLOR, *, do: str = "") -> np.ndarray:
    """An image as `cv2.imread(path, flags)` gives it.

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
        If it is missing, no plain file, too large, or no image.
    """
    cure = do or "Restore the image"
    try:
        content = read_outside(path, limit=LIMIT, kind="an image", do=cure)
    except FileNotFoundError:
        raise InputError(f"image {path} is missing", do=cure, reason="missing image") from None
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error as error:
        raise InputError(
            f"{path} cannot be decoded: {error.err or error}", do=cure, reason="bad image"
        ) from error
    if image is None:
        raise InputError(f"{path} is not a readable image", do=cure, reason="bad image")
    return np.asarray(image)
