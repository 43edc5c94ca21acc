"""`index.json` of a crop stage's output: what is in each shard.

    {"schema": 1, "subset": "a", "crop": {the parameters}, "videos": {name: {"bytes": length of the shard,
     "frame": [...], "track": [...], "size": [...], "exemplar": [...]}}}

Offsets are not stored: they follow from the sizes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.crops.crop_config import CropConfig
from curation.crops.shards import SUFFIX, data_offsets
from curation.documents.document import Fields, integers, number, read_videos, text, write_videos
from curation.errors import InputError
from curation.files import MENDED

SCHEMA = 1
FILE = "index.json"


@dataclass(frozen=True, eq=False)
class ShardIndex:
    """The crops of one shard, in its order.

    Parameters
    ----------
    bytes : int
        Length of the shard.
    frame, track : (N,) int32
        Frame number and trackid.
    size : (N,) int32
        Bytes of the search crop.
    exemplar : (N,) int32, optional
        Bytes of the exemplar crop that follows it, where these are made.
    """

    bytes: int
    frame: NDArray[np.int32]
    track: NDArray[np.int32]
    size: NDArray[np.int32]
    exemplar: NDArray[np.int32] | None = None

    @classmethod
    def of(cls, fields: Fields, **more: int) -> ShardIndex:
        """The crops from the columns of an index or a store record; errors as `documents.read_document` catches."""
        columns = {
            name: integers([fields[name]], name)
            for name in ("frame", "track", "size", "exemplar")
            if name != "exemplar" or name in fields
        }
        if len({len(column) for column in columns.values()}) > 1:
            raise ValueError("the columns of a shard differ in length")
        return cls(number({**fields, **more}, "bytes"), **columns)

    def columns(self) -> Fields:
        """The columns as an index has them."""
        return {name: column for name, column in vars(self).items() if column is not None}

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(N,) offset in the shard of each search crop."""
        if self.exemplar is None:
            return data_offsets(self.size)
        return data_offsets(np.stack([self.size, self.exemplar], axis=1).ravel())[::2]

    @property
    def crops(self) -> list[tuple[int, int]]:
        """Frame number and trackid of each crop."""
        return list(zip(self.frame.tolist(), self.track.tolist(), strict=True))


NOTHING = ShardIndex(0, *(np.empty(0, np.int32),) * 3)
"""That of a video without a crop, which has no shard."""


@dataclass(frozen=True)
class CropIndex:
    """The contents of a subset's shards by the video's bare name, and how the crops were made."""

    subset: str
    crop: CropConfig
    videos: Mapping[str, ShardIndex]


def save_crop_index(folder: Path, index: CropIndex) -> None:
    """Write the index of the crops in `folder`."""
    head = {"schema": SCHEMA, "subset": index.subset, "crop": index.crop.recorded()}
    write_videos(folder / FILE, head, ((name, one.columns()) for name, one in sorted(index.videos.items())))


def load_crop_index(folder: Path) -> CropIndex:
    """Read the index of the crops in `folder`; raises `InputError` as `document.read_videos`."""
    head, videos = stream_crop_index(folder)
    return replace(head, videos=dict(videos))


def stream_crop_index(folder: Path) -> tuple[CropIndex, Iterator[tuple[str, ShardIndex]]]:
    """As `load_crop_index`, but without videos; and each shard by its video's name, read when it is asked for."""
    return read_videos(
        folder / FILE,
        _head,
        lambda _, record: ShardIndex.of(record),
        last=b"track",
        what="a crop index",
        schema=SCHEMA,
        made_by="crop",
    )


def _head(document: Fields) -> CropIndex:
    return CropIndex(text(document, "subset"), CropConfig(**document["crop"]), {})


def check_shards(folder: Path, indexed: Mapping[str, int]) -> None:
    """Compare the lengths of the shards in `folder` with those `indexed`, by video; shards that are missing pass.

    Raises
    ------
    InputError
        If some have another length: emptied or cut short by a power cut, or of other crops.
    """
    try:
        with os.scandir(folder) as entries:
            lengths = {entry.name: entry.stat().st_size for entry in entries}
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}", reason="unreadable file") from error
    wrong = [name for name, length in indexed.items() if lengths.get(name + SUFFIX, length) != length]
    if wrong:
        first = wrong[0]
        raise InputError(
            f"{len(wrong)} of {len(indexed)} shards in {folder} differ in length from the index: the first, "
            f"{first}{SUFFIX}, has {lengths[first + SUFFIX]} bytes, not {indexed[first]}",
            do=MENDED,
            reason="foreign shard",
        )
