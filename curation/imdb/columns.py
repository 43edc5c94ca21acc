"""The imdb file: one JSON document, a header line and one line a video, numbers in columns.

    {"counts":{"instances":..,"tracks":..,"videos":..},"crop":{..},"imdb":{..},"schema":1,"split":"train","videos":[
    {"video":"a/ILSVRC2015_train_00000000","bytes":..,"track":[..],"length":[..],"frame":[..],
     "x":[..],"y":[..],"w":[..],"h":[..],"size":[..],"skip":[..]},
    ...
    ]}

- `bytes`: length of the video's shard.
- `track`, `length`: trackid and number of instances of each track. The columns hold one track after another.
- `frame`: runs of consecutive frames, flattened: first, count, first, count, ...
- `x`, `y`, `w`, `h`: boxes, 0-based pixels. `size`: bytes of the search crop.
- Offsets are not stored: crops lie in the shard by frame, then track, each behind a header block and padded
  to whole blocks (`curation.shards`). `skip` says where it holds more than is listed here, flattened:
  position in that order, bytes to leave out before it, ...

Any JSON reader can read it. Ours takes it line by line, so that the memory it needs is that of its arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.errors import InputError
from curation.shards import data_offsets

SCHEMA = 1

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_OPEN = b',"videos":['
_CLOSE = b"\n]}\n"


@dataclass(frozen=True)
class VideoRows:
    """The listed instances of one video, track after track.

    Parameters
    ----------
    video : str
        `"a/<name>"`.
    shard_bytes : int
        Length of its shard.
    track, length : (T,) int
        Trackid and number of instances of each track.
    frame : (N,) int
        Frame number, ascending within a track.
    boxes : (4, N) int
        x, y, w, h in rows, 0-based pixels.
    size, offset : (N,) int
        Bytes of the search crop, and where it starts in the shard.
    """

    video: str
    shard_bytes: int
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
    x, y, w, h = np.ascontiguousarray(rows.boxes)
    record = {
        "video": rows.video,
        "bytes": rows.shard_bytes,
        "track": rows.track,
        "length": rows.length,
        "frame": _to_runs(rows.frame),
        "x": x,
        "y": y,
        "w": w,
        "h": h,
        "size": rows.size,
        "skip": np.stack([at, surplus[at]], axis=1).ravel(),
    }
    return orjson.dumps(record, option=_OPTIONS)


def decode_video(record: dict[str, Any]) -> VideoRows:
    """The inverse of `encode_video`, for one parsed line."""
    columns = np.array([record["x"], record["y"], record["w"], record["h"], record["size"]], np.int32)
    length = np.array(record["length"], np.int32)
    frame = _from_runs(record["frame"])
    if columns.shape[1] != length.sum() or len(frame) != length.sum():
        raise ValueError("its columns differ in length")
    size = columns[4]
    skip = record["skip"]
    if len(length) == 1 and not skip:
        offset = data_offsets(size)
    else:
        order = np.argsort(frame, kind="stable")
        surplus = np.zeros(len(size), np.int64)
        surplus[skip[::2]] = skip[1::2]
        offset = np.empty(len(size), np.int64)
        offset[order] = data_offsets(size[order]) + np.cumsum(surplus)
    return VideoRows(
        video=record["video"],
        shard_bytes=record["bytes"],
        track=np.array(record["track"], np.int32),
        length=length,
        frame=frame,
        boxes=columns[:4],
        size=size,
        offset=offset,
    )


def file_parts(header: dict[str, Any], lines: Iterator[bytes]) -> Iterator[bytes]:
    """The whole file, piece by piece, from its header (without `videos`) and encoded videos."""
    head = orjson.dumps(header, option=orjson.OPT_SORT_KEYS)
    yield head[:-1] + _OPEN
    separator = b"\n"
    for line in lines:
        yield separator + line
        separator = b",\n"
    yield _CLOSE


def read_file(path: Path) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Header, and parsed lines one at a time.

    Raises
    ------
    InputError
        If the file is missing, not whole JSON of this form, or of another schema.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path} is missing", do="Run: dvc repro imdb", reason="missing file") from None
    first = stream.readline().rstrip()
    if not first.endswith(_OPEN):  # somebody has reformatted it: still the same document
        stream.seek(0)
        document = _parse(stream.read(), path)
        stream.close()
        _check(document, path)
        return document, iter(document.pop("videos", []))
    header = _parse(first[: -len(_OPEN)] + b"}", path)
    _check(header, path)

    def lines() -> Iterator[dict[str, Any]]:
        with stream:
            for line in stream:
                if line == _CLOSE[1:]:
                    return
                yield _parse(line.rstrip(b",\n"), path)
        raise _damaged(path, "it ends early")

    return header, lines()


def _check(header: Any, path: Path) -> None:
    if not isinstance(header, dict) or header.get("schema") != SCHEMA or "counts" not in header:
        raise InputError(
            f"{path} is not an imdb of schema {SCHEMA}",
            do="Make it again: dvc repro imdb. For the classic form, see curation.classic",
            reason="wrong schema",
        )


def _parse(text: bytes, path: Path) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path} is damaged: {why}", do="Run: dvc repro imdb", reason="damaged file")


def _to_runs(frame: NDArray[np.int32]) -> NDArray[np.int64]:
    starts = np.flatnonzero(np.diff(frame, prepend=frame[0] - 2) != 1)
    counts = np.diff(starts, append=len(frame))
    return np.stack([frame[starts], counts], axis=1).ravel()


def _from_runs(runs: list[int]) -> NDArray[np.int32]:
    if len(runs) == 2:
        return np.arange(runs[0], runs[0] + runs[1], dtype=np.int32)
    first, count = np.array(runs, np.int32).reshape(-1, 2).T
    before = np.cumsum(count) - count
    return np.arange(count.sum(), dtype=np.int32) + np.repeat(first - before, count).astype(np.int32)
