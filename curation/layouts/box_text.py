"""Annotation as text, one row for each box, and flags beside it: GOT-10k, LaSOT, TrackingNet, own clips."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from curation.errors import InputError
from curation.layouts.frame_annotation import (
    LEAST_SIDE,
    MEND,
    ZERO,
    Box,
    FrameAnnotation,
    ObjectAnnotation,
    is_finite,
)
from curation.layouts.layout_table import Parse, Video

_BETWEEN = re.compile(r"[,;\s]+")


def rows_of(content: bytes, path: Path) -> list[str]:
    """The rows of a text; blank ones at its end count for nothing. Raises `InputError` if it is not text."""
    try:
        return content.decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not text in UTF-8 ({error})",
            do="Save it as UTF-8, or restore it",
            reason="malformed rows",
        ) from None


def listed_names(listing: Path, content: bytes, there: Collection[str], *, do: str) -> list[str]:
    """The names of a list of videos, one a line, each once.

    Raises
    ------
    InputError
        If it is not text, or names videos that are not `there`.
    """
    names = list(dict.fromkeys(row.strip() for row in rows_of(content, listing) if row.strip()))
    if absent := [name for name in names if name not in there]:
        more = f" and {len(absent) - 1:,} more" if absent[1:] else ""
        raise InputError(
            f"{listing} names {absent[0]}{more}, and there is no such video in {listing.parent}",
            do=f"Unpack what is missing, {do}",
            reason="missing video",
        )
    return names


def numbers_of(row: str, path: Path, number: int, columns: Sequence[int]) -> list[float]:
    """The numbers of a row, between commas, semicolons, tabs or spaces; NaN may be among them.

    Parameters
    ----------
    row, path, number
        The row, its file, and its number there from 1, for messages.
    columns : sequence of int
        How many numbers it may have.

    Raises
    ------
    InputError
    """
    parts = _BETWEEN.split(row.strip().strip(",;"))
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if len(values) not in columns:
        many = " to ".join(map(str, dict.fromkeys((columns[0], columns[-1]))))
        raise InputError(
            f"{path}, row {number}: {row.strip()[:60]!r} is not {many} numbers",
            do=MEND,
            reason="malformed row",
        )
    return values


def one_target(
    video: Video,
    contents: Mapping[str, bytes],
    boxes: str,
    *,
    label: str,
    base: int = 0,
    out: Mapping[int, str] | None = None,
    cut: Mapping[int, int] | None = None,
) -> Mapping[int, Parse]:
    """A parser for the frames of a video with one target, one row for each frame.

    Parameters
    ----------
    video : Video
        Its images; rows are those of its frames in order, without a gap in their numbers.
    contents : mapping
        Of its annotation's files, by name.
    boxes : str
        Name of the file of boxes, x y w h.
    label : str
        Class of the target.
    base : int
        Number of the first pixel in that file.
    out : mapping, optional
        Rows, from 0, that a rule leaves out, and which.
    cut : mapping, optional
        Rows, from 0, whose target is said to be cut by the image (1) or not (0).

    Raises
    ------
    InputError
        If there is no file of boxes or no image, or not as many rows as images: then nothing says which row is whose.
    """
    path = video.annotation(0).with_name(boxes)
    if boxes not in contents:
        raise no_annotation(video, path)
    rows = rows_of(contents[boxes], path)
    frames = video.frames()
    if not frames:
        like = f" like {video.image(1).name}" if video.layout.form else ""
        raise InputError(
            f"video {video.key} has {len(rows):,} rows in {path}, but {video.folder} holds no image{like}",
            do="Unpack its images there, or leave the video out",
            reason="empty video",
        )
    if len(rows) != len(frames):
        raise InputError(
            f"{path} has {len(rows):,} rows, but there are {len(frames):,} images in {video.folder}",
            do="Restore the missing rows or images, or leave the video out (a test set publishes its first row only)",
            reason="rows and images differ",
        )
    first = min(frames, default=0)
    return {
        first + at: partial(
            _frame, row, path, at + 1, label, base, (out or {}).get(at, ""), (cut or {}).get(at, 0)
        )
        for at, row in enumerate(rows)
    }


def no_annotation(video: Video, path: Path) -> InputError:
    """The error for a video without the file that annotates it."""
    return InputError(
        f"video {video.key} has no annotation: {path} is missing",
        do=f"Restore {path.name}, or leave the video out",
        reason="no annotation",
    )


def _frame(row: str, path: Path, number: int, label: str, base: int, out: str, cut: int) -> FrameAnnotation:
    x, y, w, h = numbers_of(row, path, number, (4,))
    if out:
        return FrameAnnotation(0, 0, (), left_out=(out,))
    found = usable((x - base, y - base, w, h), f"{path}, row {number}")
    if isinstance(found, str):
        return FrameAnnotation(0, 0, (), left_out=(found,))
    return FrameAnnotation(0, 0, (ObjectAnnotation(0, label, found, 0, 0, cut),))


def usable(box: Box, place: str) -> Box | str:
    """A box (integers stay integers), or the rule that leaves it out. Raises `InputError` if it is not numbers."""
    if not is_finite(box):
        raise InputError(f"{place}: the box does not lie in an image: {box}", do=MEND, reason="bad number")
    if box[2] < LEAST_SIDE or box[3] < LEAST_SIDE:
        return ZERO
    if all(number == int(number) for number in box):
        return (int(box[0]), int(box[1]), int(box[2]), int(box[3]))
    return box


def flags_of(contents: Mapping[str, bytes], path: Path, count: int) -> list[int]:
    """A flag for each frame: one a line or all in one, whole numbers of 0 to 8; all 0 where there is no such file.

    Raises
    ------
    InputError
        If there are not `count` of them.
    """
    if path.name not in contents:
        return [0] * count
    parts = [
        part for row in rows_of(contents[path.name], path) for part in _BETWEEN.split(row.strip()) if part
    ]
    if len(parts) != count:
        raise InputError(
            f"{path} has {len(parts):,} flags, but {count:,} boxes are annotated",
            do="Restore this file, or remove it to do without its flags",
            reason="flags and rows differ",
        )
    if wrong := next((part for part in parts if part not in "012345678"), None):
        raise InputError(
            f"{path}: the flag {wrong[:20]!r} is no number of 0 to 8", do=MEND, reason="bad number"
        )
    return [int(part) for part in parts]
