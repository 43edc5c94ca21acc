"""Images of one file: the pages of a TIFF, the frames of an animation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from curation.outside import open_outside
from training.tracking.interface import Frame
from training.tracking.video.levels import Levels

AS_SEEN = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
"""Grey or BGR of the file's own depth, turned as its metadata says: where a person reads boxes off."""

PAGED = (".tif", ".tiff", ".avif")
"""Endings of files of which OpenCV reads any page at its own depth."""

ANIMATED = (".webp", ".png")
"""Endings of animations whose frames build on each other: `imreadmulti` gives the first for every page."""

AT_ONCE = 256 << 20
"""Bytes of frames of an animation that are held at once: each part is decoded from the first frame on."""


def count_pages(path: Path, *, do: str) -> int:
    """How many images a file holds, as its header says; 0 if it cannot be read, 1 for kinds that hold one.

    Raises
    ------
    InputError
        If it is no plain file, with the cure `do`.
    """
    if path.suffix.lower() not in PAGED + ANIMATED:
        return 1
    with open_outside(path, limit=sys.maxsize, kind="an image", do=do), _quiet():
        return int(cv2.imcount(str(path), AS_SEEN))


def read_pages(path: Path, pages: int, levels: Levels) -> Iterator[Frame | None]:
    """The images of a file of so many, as (H, W, 3) uint8 BGR; None where one cannot be read."""
    images = _animation(path, pages) if path.suffix.lower() in ANIMATED else _paged(path, pages)
    for image in images:
        yield None if image is None else levels.to_bgr8(image, str(path))


def _paged(path: Path, pages: int) -> Iterator[np.ndarray | None]:
    for page in range(pages):
        found, images = cv2.imreadmulti(str(path), page, 1, flags=AS_SEEN)
        yield np.asarray(images[0]) if found and images else None


def _animation(path: Path, frames: int) -> Iterator[np.ndarray]:
    """The frames of an animation, up to one that cannot be read."""
    done, wanted = 0, 1  # the first tells how large they are
    while done < frames:
        with _quiet():
            _, part = cv2.imreadanimation(str(path), done, min(wanted, frames - done))
        for image in part.frames:
            yield np.asarray(image)
        if not part.frames:
            return
        done += len(part.frames)
        wanted = max(1, AT_ONCE // part.frames[0].nbytes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without OpenCV's own lines about damaged files: what is wrong is said in one line of ours."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
