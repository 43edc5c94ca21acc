"""What an index of loose crops lists: of each split, of each video, the objects in its frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from curation.layouts.frame_xml import MAX_SIDE

Place = tuple[str, str]
"""A part of the dataset, and the bare name of a video in it."""

CORNER = 2 * MAX_SIDE
"""Pixels; a box may reach beyond the border by as much as an image can be large."""

NO_BOXES = {"boxes": "none"}
"""Said in an imdb whose crops came without boxes; they are (0, 0, 0, 0) there."""


class VideoListing(NamedTuple):
    """The listed instances of one video.

    Parameters
    ----------
    folder : str
        Of its crops, below the folder of all crops.
    frame, track : (N,) int32
    boxes : (N, 4) int32
        x, y, w, h in the frame, 0-based pixels; zeros where the index has none.
    """

    folder: str
    frame: NDArray[np.int32]
    track: NDArray[np.int32]
    boxes: NDArray[np.int32]

    @property
    def crops(self) -> list[tuple[int, int]]:
        """Frame number and trackid of each instance."""
        return list(zip(self.frame.tolist(), self.track.tolist(), strict=True))


class Listing(NamedTuple):
    """An index as a whole: the videos of each split, and whether it says where the objects are."""

    splits: dict[str, dict[Place, VideoListing]]
    boxed: bool = True


def listing(folder: str, rows: Sequence[tuple[int, int, Sequence[int]]]) -> VideoListing:
    """A video's listing from (trackid, frame, box) in any order."""
    ordered = sorted(rows)
    return VideoListing(
        folder,
        np.array([frame for _, frame, _ in ordered], np.int32),
        np.array([track for track, _, _ in ordered], np.int32),
        np.array([box for _, _, box in ordered], np.int32).reshape(-1, 4),
    )


def whole_pixels(x: Any, y: Any, w: Any, h: Any) -> list[int]:
    """A box in whole pixels, half to even.

    Raises
    ------
    ValueError
        If one is no number or not finite, or it reaches beyond `CORNER`, or has no whole pixel.
    """
    box = (x, y, w, h)
    if not all(type(number) in (int, float) for number in box):
        raise ValueError(f"the box {list(box)} is not four numbers")
    if not all(math.isfinite(number) and abs(number) <= CORNER for number in box):
        raise ValueError(f"the box {list(box)} does not lie in an image")
    left, top, width, height = (round(number) for number in box)
    if width < 1 or height < 1:
        raise ValueError(f"the box {list(box)} has no whole pixel")
    return [left, top, width, height]


def foreign(what: str, do: str) -> InputError:
    """The error for an index that is not of its form."""
    return InputError(what, do=do, reason="wrong schema")
