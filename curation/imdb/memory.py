"""The imdb in memory: flat arrays over all instances, shared by any number of loader workers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.crops.shards import SUFFIX
from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import damaged, filling, missing, write_bytes
from curation.imdb.columns import Header, decode_videos, parse_header, read_file

_ABOUT = "about.json"

_KEEP_UNUSED_DAYS = 7.0
"""How long a binary copy is kept after its last use."""

_BATCH = 25_000
"""Instances converted at once, about: enough to make numpy's overhead small, few enough to keep memory flat."""


@dataclass(frozen=True)
class Imdb:
    """Videos, tracks and instances (one object in one frame) of a split.

    Track `t` belongs to video `track_video[t]`; its instances are `track_start[t] : track_start[t + 1]`, in
    ascending order of frame. Arrays are read-only.

    Parameters
    ----------
    header : Header
    videos : list of str
        V names, `"a/ILSVRC2015_train_00000000"`.
    shard_bytes : (V,) int64
        Length of each video's shard.
    track_video, track_id : (T,) int32
    track_start : (T + 1,) int64
    frame : (N,) int32
        Frame number.
    boxes : (N, 4) int32
        x, y, w, h in the frame, 0-based pixels.
    offset : (N,) int64
        Where the search crop starts in the shard, in bytes.
    size : (N,) int32
        Bytes of the search crop.
    folder : Path, optional
        Where the arrays are mapped from. Pickled, such an imdb is this path alone: a worker maps the same
        pages.
    """

    header: Header
    videos: list[str]
    shard_bytes: NDArray[np.int64]
    track_video: NDArray[np.int32]
    track_id: NDArray[np.int32]
    track_start: NDArray[np.int64]
    frame: NDArray[np.int32]
    boxes: NDArray[np.int32]
    offset: NDArray[np.int64]
    size: NDArray[np.int32]
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def shard(self, video: int) -> str:
        """Path of a video's shard, relative to the crops folder: `"a/<name>.tar"`."""
        return f"{self.videos[video]}{SUFFIX}"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.folder is not None:
            return _map, (self.folder,)
        return Imdb, tuple(getattr(self, field.name) for field in fields(self))


_ARRAYS = ("shard_bytes", "track_video", "track_id", "track_start", "frame", "boxes", "offset", "size")


def load_imdb(path: Path, cache: Path | None = None) -> Imdb:
    """Load an imdb file.

    Parameters
    ----------
    path : Path
        An `imdb_video_*.json`.
    cache : Path, optional
        A folder for binary copies of the arrays, named after the file's digest. With it, loading again takes
        milliseconds, and the arrays are mapped from disk: processes share them, forked or spawned. Only the
        JSON counts: a copy that is missing or damaged is made again from it, and one that has not been used
        for a week is removed when another is made.

    Raises
    ------
    InputError
        If the file is missing, damaged, or of another schema; or the cache cannot be written.
    """
    if cache is None:
        return _parse(path)
    folder = cache / _digest(path)
    try:
        return _map(folder)
    except (OSError, ValueError, KeyError, InputError):
        pass
    _save(_parse(path), folder)
    _prune(cache)
    return _map(folder)


def _parse(path: Path) -> Imdb:
    header, records = read_file(path)
    instances, tracks = header.counts.instances, header.counts.tracks
    track_length = np.empty(tracks, np.int32)
    track_id = np.empty(tracks, np.int32)
    frame = np.empty(instances, np.int32)
    boxes = np.empty((instances, 4), np.int32)
    offset = np.empty(instances, np.int64)
    size = np.empty(instances, np.int32)
    videos: list[str] = []
    shard_bytes: list[int] = []
    tracks_of_video: list[int] = []
    row = track = 0
    try:
        for batch in _batches(records):
            rows = decode_videos(batch)
            end, track_end = row + len(rows.frame), track + len(rows.track)
            frame[row:end] = rows.frame
            boxes[row:end] = rows.boxes
            offset[row:end] = rows.offset
            size[row:end] = rows.size
            track_id[track:track_end] = rows.track
            track_length[track:track_end] = rows.length
            videos += rows.videos
            shard_bytes += rows.shard_bytes
            tracks_of_video += rows.tracks_of_video
            row, track = end, track_end
        if (row, track, len(videos)) != (instances, tracks, header.counts.videos):
            raise ValueError(f"its header counts {instances} instances, it holds {row}")
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise damaged(path, f"is damaged behind video {len(videos)}: {error}", "imdb") from None
    imdb = Imdb(
        header=header,
        videos=videos,
        shard_bytes=np.array(shard_bytes, np.int64),
        track_video=np.repeat(np.arange(len(videos), dtype=np.int32), tracks_of_video),
        track_id=track_id,
        track_start=np.concatenate([[0], np.cumsum(track_length, dtype=np.int64)]),
        frame=frame,
        boxes=boxes,
        offset=offset,
        size=size,
    )
    for name in _ARRAYS:
        getattr(imdb, name).flags.writeable = False
    return imdb


def _batches(records: Iterator[Fields]) -> Iterator[list[Fields]]:
    batch: list[Fields] = []
    instances = 0
    for record in records:
        batch.append(record)
        instances += len(record["size"])
        if instances >= _BATCH:
            yield batch
            batch, instances = [], 0
    if batch:
        yield batch


def _save(imdb: Imdb, folder: Path) -> None:
    try:
        with filling(folder) as copy:
            for name in _ARRAYS:
                np.save(copy / f"{name}.npy", getattr(imdb, name), allow_pickle=False)
            about = {"header": imdb.header.fields(), "videos": imdb.videos}
            write_bytes(copy / _ABOUT, orjson.dumps(about))
    except InputError:
        if not (folder / _ABOUT).is_file():  # else another process has just made the same copy
            raise


def _prune(cache: Path) -> None:
    oldest = time.time() - _KEEP_UNUSED_DAYS * 86400
    for about in cache.glob(f"*/{_ABOUT}"):
        with contextlib.suppress(OSError):
            if about.stat().st_mtime < oldest:
                shutil.rmtree(about.parent)


def _map(folder: Path) -> Imdb:
    about = orjson.loads((folder / _ABOUT).read_bytes())
    with contextlib.suppress(OSError):
        os.utime(folder / _ABOUT)
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
    header = parse_header(about["header"], folder / _ABOUT)
    return Imdb(header=header, videos=about["videos"], folder=folder, **arrays)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except FileNotFoundError:
        raise missing(path, "imdb") from None
