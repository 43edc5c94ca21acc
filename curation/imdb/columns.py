"""The imdb file: one JSON document, a header line and one line per video, numbers in columns.

    {"counts":{"instances":..,"tracks":..,..},"crop":{..},"imdb":{..},"schema":1,"split":"train","videos":[
    {"video":"a/ILSVRC2015_train_00000000","bytes":..,"track":[..],"length":[..],"frame":[..],"box":[..],
     "size":[..],"skip":[..]},
    ...
    ]}

- `bytes`: length of the video's shard.
- `track`, `length`: trackid and number of instances of each track. The columns hold one track after another.
- `frame`: runs of consecutive frames: first, count, first, count, ...
- `box`: x, y, w, h, x, y, w, h, ... in 0-based pixels. `size`: bytes of the search crop.
- Offsets are not stored: crops lie in the shard by frame, then track, each behind a header block and padded
  to whole blocks (`curation.crops.shards`). `skip` says where it holds more than is listed here: position in that
  order, bytes to leave out before it, position, bytes, ...

Any JSON reader can read it. Ours takes it line by line, so that the memory it needs is that of its arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.crops.crop_config import CropConfig
from curation.crops.shards import data_offsets
from curation.documents.document import Fields, integers, number, parsed, text
from curation.files import damaged, missing

SCHEMA = 1

_OPEN = b',"videos":['
_CLOSE = b"\n]}\n"


@dataclass(frozen=True)
class Counts:
    """How much a split holds; an instance is one object in one frame."""

    videos: int
    tracks: int
    instances: int


@dataclass(frozen=True)
class Header:
    """The header of the file: facts about all its videos.

    Parameters
    ----------
    split : str
        `"train"`, `"val"`.
    crop : CropConfig
        How the crops were made.
    imdb : mapping
        The parameters of the imdb stage; `{"imported": "classic"}` where it did not make the file.
    counts : Counts
    still : tuple of str
        Parts of still images: each of their instances is its own pair. In the file only where there is one.
    """

    split: str
    crop: CropConfig
    imdb: Mapping[str, object]
    counts: Counts
    still: tuple[str, ...] = ()

    def fields(self) -> Fields:
        """The header as JSON."""
        found = {"schema": SCHEMA, **asdict(self), "crop": self.crop.recorded()}
        if not self.still:
            del found["still"]
        return found


@dataclass(frozen=True)
class VideoRows:
    """The listed instances of one video, track after track.

    Parameters
    ----------
    video : str
        `"a/<name>"`.
    shard_bytes : int
        Length of its shard.
    track, length : (T,) int32
        Trackid and number of instances of each track.
    frame : (N,) int32
        Frame number, ascending within a track.
    boxes : (N, 4) int32
        x, y, w, h, 0-based pixels.
    size : (N,) int32
        Bytes of the search crop.
    offset : (N,) int64
        Where it starts in the shard.
    """

    video: str
    shard_bytes: int
    track: NDArray[np.int32]
    length: NDArray[np.int32]
    frame: NDArray[np.int32]
    boxes: NDArray[np.int32]
    size: NDArray[np.int32]
    offset: NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The listed instances of several videos, one video after another; otherwise as `VideoRows`."""

    videos: list[str]
    shard_bytes: list[int]
    tracks_of_video: list[int]
    track: NDArray[np.int32]
    length: NDArray[np.int32]
    frame: NDArray[np.int32]
    boxes: NDArray[np.int32]
    size: NDArray[np.int32]
    offset: NDArray[np.int64]


def encode_video(rows: VideoRows) -> bytes:
    """One line of the file, without its comma."""
    order = np.argsort(rows.offset, kind="stable")
    surplus = np.diff(rows.offset[order] - data_offsets(rows.size[order]), prepend=0)
    at = np.flatnonzero(surplus)
    record = {
        "video": rows.video,
        "bytes": rows.shard_bytes,
        "track": rows.track,
        "length": rows.length,
        "frame": _to_runs(rows.frame),
        "box": rows.boxes.ravel(),
        "size": rows.size,
        "skip": np.stack([at, surplus[at]], axis=1).ravel(),
    }
    return orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY)


def decode_videos(records: Sequence[Fields]) -> Rows:
    """The inverse of `encode_video`, for any number of parsed lines at once."""
    instances = [len(record["size"]) for record in records]
    for record, count in zip(records, instances, strict=True):
        if {4 * sum(record["length"]), 4 * sum(record["frame"][1::2]), len(record["box"])} != {4 * count}:
            raise ValueError(f"the columns of {record['video']} differ in length")
    start = np.cumsum([0, *instances])[:-1]
    frame = _from_runs(_column(records, "frame"))
    size = _column(records, "size")
    # Members of a shard lie by frame, then track: just as a stable sort by video and frame puts them.
    order = np.argsort(frame + (np.repeat(np.arange(len(records)), instances) << 32), kind="stable")
    surplus = np.zeros(len(size), np.int64)
    for record, first in zip(records, start, strict=True):
        if skip := record["skip"]:
            surplus[first + np.array(skip[::2])] = skip[1::2]
    behind = np.cumsum(surplus) + data_offsets(size[order])
    # Until here as if all videos were one shard: subtract where each video's own shard begins.
    before = behind[start] - surplus[start] - data_offsets(size[order][start[:1]])[0]
    offset = np.empty(len(size), np.int64)
    offset[order] = behind - np.repeat(before, instances)
    return Rows(
        videos=[record["video"] for record in records],
        shard_bytes=[record["bytes"] for record in records],
        tracks_of_video=[len(record["track"]) for record in records],
        track=_column(records, "track"),
        length=_column(records, "length"),
        frame=frame,
        boxes=_column(records, "box").reshape(-1, 4),
        size=size,
        offset=offset,
    )


def file_parts(header: Header, lines: Iterator[bytes]) -> Iterator[bytes]:
    """The whole file, piece by piece, from its header and encoded videos."""
    head = orjson.dumps(header.fields(), option=orjson.OPT_SORT_KEYS)
    yield head[:-1] + _OPEN
    separator = b"\n"
    for line in lines:
        yield separator + line
        separator = b",\n"
    yield _CLOSE


def read_file(path: Path) -> tuple[Header, Iterator[Fields]]:
    """Header, and parsed lines one at a time.

    Raises
    ------
    InputError
        If the file is missing, not whole JSON of this form, or of another schema.
    """
    try:
        with path.open("rb") as stream:
            first = stream.readline().rstrip()
            if first.endswith(_OPEN):
                return parse_header(_parse(first[: -len(_OPEN)] + b"}", path), path), _lines(path)
            stream.seek(0)
            document = _parse(stream.read(), path)
    except FileNotFoundError:
        raise missing(path, "imdb") from None
    # Reformatted by some tool, it is still the same document.
    return parse_header(document, path), iter(document.pop("videos", []))


def parse_header(document: Any, path: Path) -> Header:
    """The header, of its JSON; raises `InputError` as `documents.read_document`."""
    return parsed(document, _header, path, what="an imdb", schema=SCHEMA, made_by="imdb")


def _header(document: Fields) -> Header:
    counts = document["counts"]
    return Header(
        text(document, "split"),
        CropConfig(**document["crop"]),
        dict(document["imdb"]),
        Counts(number(counts, "videos"), number(counts, "tracks"), number(counts, "instances")),
        tuple(map(str, document.get("still", ()))),
    )


def _lines(path: Path) -> Iterator[Fields]:
    with path.open("rb") as stream:
        stream.readline()
        for line in stream:
            if line == _CLOSE[1:]:
                return
            yield _parse(line.rstrip(b",\n"), path)
    raise damaged(path, "is damaged: it ends early", "imdb")


def _parse(text: bytes, path: Path) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise damaged(path, f"is damaged: {error}", "imdb") from None


def _column(records: Sequence[Fields], name: str) -> NDArray[np.int32]:
    """A column of all videos."""
    return integers((record[name] for record in records), name)


def _to_runs(frame: NDArray[np.int32]) -> NDArray[np.int64]:
    starts = np.flatnonzero(np.diff(frame, prepend=frame[0] - 2) != 1)
    counts = np.diff(starts, append=len(frame))
    return np.stack([frame[starts], counts], axis=1).ravel()


def _from_runs(runs: NDArray[np.int32]) -> NDArray[np.int32]:
    first, count = runs.reshape(-1, 2).T
    before = np.cumsum(count) - count
    return np.arange(count.sum(), dtype=np.int32) + np.repeat(first - before, count).astype(np.int32)
