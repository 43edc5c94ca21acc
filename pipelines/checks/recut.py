"""Check stored crops: cut them again from the raw data, and compare byte by byte."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from curation.crops.crop_config import CropConfig
from curation.crops.crop_video import (
    UnreadFramesError,
    VideoTask,
    cut_crops,
    read_files,
    reduction,
    write_crops,
)
from curation.crops.cutter import FrameCutter
from curation.crops.shards import ShardReader, data_offsets
from curation.errors import InputError
from curation.images.frames import FrameReader

Columns = Mapping[str, Sequence[int]]
"""Of a shard: what `crop_video.write_crops` calls `members`, and the crop index a video's entry."""


class Copy(NamedTuple):
    """A stored shard, and its record."""

    path: Path
    columns: Columns


@dataclass(frozen=True)
class Shard:
    """The inputs that a shard should have been made from, and where it is stored."""

    task: VideoTask
    config: CropConfig
    copies: tuple[Copy, ...]


@dataclass(frozen=True)
class Comparison:
    """The result of comparing one copy.

    Parameters
    ----------
    shard : Shard
    path : Path
        Of the copy.
    outcome : {"same", "other", "lacks", "unknown"}
        `other`: it holds other crops than the raw data gives. `lacks`: those it has are right, but not all are
        there. `unknown`: the raw data is not what the manifest says, or cannot be read.
    crops : int
        How many were compared.
    what : str
        What is wrong, in words, or why nothing can be said.
    """

    shard: Shard
    path: Path
    outcome: Literal["same", "other", "lacks", "unknown"]
    crops: int = 0
    what: str = ""


def compare(shard: Shard, frames: Sequence[int] | None) -> list[Comparison]:
    """Cut the crops of some frames again, or of all of them (None), and compare each copy."""
    try:
        if frames is None:
            stream = io.BytesIO()
            members = write_crops(shard.task, shard.config, False, stream)["members"]
            return [_compare_whole(shard, copy, members, stream.getvalue()) for copy in shard.copies]
        found = [_compare_some(shard, copy, frames) for copy in shard.copies]
        if any(one.outcome != "same" for one in found):  # is it the raw data that has changed?
            for _ in read_files(shard.task, frozenset(), False, {}):
                pass
        return found
    except InputError as error:
        why = str(error)
    except UnreadFramesError as lost:
        why = str(next(iter(lost.errors.values()), "a frame cannot be read"))
    return [Comparison(shard, copy.path, "unknown", what=why) for copy in shard.copies]


def _compare_whole(shard: Shard, copy: Copy, members: Columns, content: bytes) -> Comparison:
    crops = len(members["frame"])
    try:
        if {
            name: list(copy.columns[name]) for name in members
        } == members and copy.path.read_bytes() == content:
            return Comparison(shard, copy.path, "same", crops)
    except (OSError, KeyError, TypeError):
        pass
    found = _compare_some(shard, copy, list(shard.task.boxes()))
    if found.outcome == "same":  # every crop is right, and yet
        return Comparison(shard, copy.path, "other", crops, f"{copy.path} holds more than it should")
    return found


def _compare_some(shard: Shard, copy: Copy, frames: Sequence[int]) -> Comparison:
    try:
        return _compare_frames(shard, copy, frames)
    except (KeyError, TypeError, ValueError, IndexError):
        return Comparison(shard, copy.path, "other", what=f"{copy.path} does not hold what its record says")


def _compare_frames(shard: Shard, copy: Copy, frames: Sequence[int]) -> Comparison:
    task, columns = shard.task, copy.columns
    kinds = ("size", "exemplar") if shard.config.exemplar_crops else ("size",)
    sizes = np.array([columns[name] for name in kinds], np.int64).T
    offsets = data_offsets(sizes.ravel()).reshape(sizes.shape)
    where = {crop: at for at, crop in enumerate(zip(columns["frame"], columns["track"], strict=True))}
    reader, cutter, stored = FrameReader(), FrameCutter(), ShardReader(copy.path)
    boxes = task.boxes()
    compared, lacking = 0, ""
    for number in frames:
        path = task.video.image(number)
        reduced = reduction(path, [box for _, box in boxes[number]], shard.config)
        width, height = task.tracks.sizes_of(number).tolist()
        try:
            cutter.open(reader.read(path, size=(width, height), reduced=reduced), reduced)
        except InputError:
            continue  # nor could it be cropped
        for track, box in boxes[number]:
            at = where.get((number, track))
            if at is None:
                lacking = lacking or f"{copy.path} lacks the crop of track {track} in {path}"
                continue
            crops = cut_crops(cutter, box, shard.config)
            for (_, crop), offset, size in zip(crops, offsets[at], sizes[at], strict=True):
                if _stored(stored, int(offset), int(size)) != crop:
                    what = f"{copy.path} has another crop of track {track} in {path}"
                    return Comparison(shard, copy.path, "other", compared, what)
            compared += 1
    return Comparison(shard, copy.path, "lacks" if lacking else "same", compared, lacking)


def _stored(shard: ShardReader, offset: int, size: int) -> bytes | None:
    try:
        return shard.read(offset, size)
    except InputError:
        return None
