"""Frames from anywhere: a video file, a folder of images, one image, a camera; of any depth and colour."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from curation.errors import InputError, printable
from curation.images.image import read_image
from curation.outside import open_outside
from training.tracking.interface import Frame

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""Endings of image files, of which a folder or a single file may consist."""

DEFAULT_RATE = 25.0
"""Frames per second of a folder of images, and of videos that do not tell."""

MOST_FRAMES = 1e9
"""A video that claims more does not know how many it has."""

_ASK = "Give a video file, a folder of images, or the index of a camera"


@dataclass(frozen=True)
class Source:
    """Frames to follow a target through.

    Attributes
    ----------
    name : str
        For messages and progress.
    frames : iterator of (H, W, 3) uint8 or None
        BGR; None where a frame could not be read.
    count : int or None
        How many frames there should be, if known.
    rate : float
        Frames per second.
    """

    name: str
    frames: Iterator[Frame | None]
    count: int | None
    rate: float


def open_source(source: str | Path | int) -> Source:
    """Open a video file, a folder of images (ordered by the numbers in their names), or a camera by index.

    Raises
    ------
    InputError
        If there is no such source, or it holds no frame.
    """
    if isinstance(source, int) or re.fullmatch(r"\d{1,3}", str(source)):
        return _open_capture(int(str(source)), f"camera {source}")
    path = Path(source)
    if not path.exists():
        raise InputError(f"{path} does not exist", do=_ASK, reason="missing video")
    if path.is_dir():
        files = sorted((file for file in path.iterdir() if file.suffix.lower() in IMAGES), key=_natural)
        if not files:
            raise InputError(
                f"{path} holds no images", do=f"Expected {', '.join(IMAGES)}", reason="missing video"
            )
        return Source(printable(str(path)), _read_images(files), len(files), DEFAULT_RATE)
    if path.suffix.lower() in IMAGES:
        return Source(printable(str(path)), _read_images([path]), 1, DEFAULT_RATE)
    with open_outside(path, limit=sys.maxsize, kind="a video", do=_ASK):  # OpenCV would wait at a pipe
        pass
    return _open_capture(path, printable(str(path)))


def to_bgr8(image: np.ndarray) -> Frame:
    """An image of any kind that OpenCV reads as (H, W, 3) uint8 BGR.

    Grey is repeated, alpha dropped; 16 bits are scaled by 1 / 257, other ranges are stretched to 0..255.
    """
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape[2] in (1, 2):
        image = np.repeat(image[:, :, :1], 3, axis=2)
    image = image[:, :, :3]
    if image.dtype == np.uint16:
        image = (image.astype(np.uint32) + 128) // 257
    elif image.dtype != np.uint8:
        values = np.nan_to_num(image.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = values.min(), values.max()
        image = np.rint((values - low) * (255.0 / (high - low) if high > low else 0.0))
    return np.ascontiguousarray(image, dtype=np.uint8)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts `frame10` after `frame9`."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _read_images(files: Sequence[Path]) -> Iterator[Frame | None]:
    for file in files:
        try:
            yield to_bgr8(read_image(file, cv2.IMREAD_UNCHANGED))
        except InputError:
            yield None


def _open_capture(place: int | Path, name: str) -> Source:
    capture = cv2.VideoCapture(place if isinstance(place, int) else str(place))
    if not capture.isOpened():
        ask = "Give a file that OpenCV plays, or another camera"
        raise InputError(f"{name} cannot be opened as a video", do=ask, reason="bad video")
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if np.isfinite(rate) and 1 <= rate <= 1000 else DEFAULT_RATE
    return Source(name, _read_capture(capture), int(count) if 0 < count < MOST_FRAMES else None, float(rate))


def _read_capture(capture: cv2.VideoCapture) -> Iterator[Frame]:
    try:
        while True:
            found, image = capture.read()
            if not found:
                return
            yield to_bgr8(image)
    finally:
        capture.release()
