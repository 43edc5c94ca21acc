"""The rows of a part: its annotated boxes joined with their crops, video by video, for each split."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import FILE, NOTHING, ShardIndex, check_shards, stream_crop_index
from curation.cures import remake
from curation.documents.annotated_tracks import VideoTracks, stream_tracks
from curation.errors import InputError
from curation.files import damaged
from curation.imdb.columns import VideoRows, encode_video
from curation.imdb.imdb_config import SPLITS, ImdbConfig, is_val
from curation.imdb.statistics import Statistics


def lines_file(lines: Path, subset: str, split: str) -> Path:
    """Where the encoded videos of a part and split wait for the header, one a line."""
    return lines / f"{subset}.{split}"


@dataclass
class LeftOut:
    """Annotated but not listed: boxes whose crop was skipped, and tracks and videos that are too short."""

    boxes_without_crop: int = 0
    tracks_too_short: int = 0
    videos_without_track: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in asdict(self).items())

    def merge(self, other: LeftOut) -> None:
        self.boxes_without_crop += other.boxes_without_crop
        self.tracks_too_short += other.tracks_too_short
        self.videos_without_track += other.videos_without_track


@dataclass
class SubsetResult:
    """What there is to say of an indexed part: how it was cropped, its videos' names, and figures of each split."""

    crop: CropConfig
    still: bool
    names: list[str] = field(default_factory=list)
    statistics: dict[str, Statistics] = field(default_factory=lambda: {s: Statistics() for s in SPLITS})
    left_out: LeftOut = field(default_factory=LeftOut)


def index_subset(
    subset: str, *, annotations_dir: Path, crops_dir: Path, config: ImdbConfig, lines: Path
) -> SubsetResult:
    """Write the encoded videos of a part into its `lines_file` of each split.

    Raises
    ------
    InputError
        If its tracks or its crop index are missing or damaged, a shard is not as long as indexed, or crops are there
        that no annotation knows.
    """
    tracks, videos = stream_tracks(annotations_dir / f"{subset}.json")
    index, shards = stream_crop_index(crops_dir / subset)
    crops = _Crops(crops_dir / subset, shards)
    result = SubsetResult(crop=index.crop, still=tracks.still)
    with ExitStack() as opened, _collector_paused():
        files = {split: opened.enter_context(lines_file(lines, subset, split).open("wb")) for split in SPLITS}
        _write_lines(subset, videos, files, result, tracks.still, crops, config)
        stray = crops.rest()
    check_shards(crops_dir / subset, crops.bytes)
    if stray:
        raise _stale(f"{subset}/{stray[0]}")
    return result


class _Crops:
    """The shards of an index, by the video's name, of which none waits in memory: they come in order of names."""

    def __init__(self, folder: Path, shards: Iterator[tuple[str, ShardIndex]]) -> None:
        self._folder = folder
        self._shards = shards
        self._waiting: dict[str, ShardIndex] = {}
        self._last = ""
        self.bytes: dict[str, int] = {}

    def of(self, video: str) -> ShardIndex:
        """The crops of a video; those of videos before it that nobody asked for are kept, for `rest`."""
        while self._last < video and self._next():
            pass
        return self._waiting.pop(video, NOTHING)

    def rest(self) -> list[str]:
        """Names of the videos that nobody asked for, sorted."""
        while self._next():
            pass
        return sorted(self._waiting)

    def _next(self) -> bool:
        name, shard = next(self._shards, ("", NOTHING))
        if not name:
            return False
        if name <= self._last:
            why = f"is not as the crop stage writes it: {name} stands behind {self._last}"
            raise damaged(self._folder / FILE, why, "crop")
        self._last, self._waiting[name], self.bytes[name] = name, shard, shard.bytes
        return True


def _write_lines(
    subset: str,
    videos: Iterator[tuple[str, VideoTracks]],
    files: Mapping[str, IO[bytes]],
    result: SubsetResult,
    still: bool,
    crops: _Crops,
    config: ImdbConfig,
) -> None:
    for name, record in videos:
        result.names.append(name)
        listed = False
        rows = _join(f"{subset}/{name}", record, crops.of(name), result.left_out)
        classes = dict(zip(record.track.tolist(), record.label, strict=True))
        for split, chosen in _split(name, record.frames, rows, config):
            kept = _keep_long(rows, chosen, 1 if still else config.min_track_length, result.left_out)
            if len(kept.track):
                listed = True
                files[split].write(encode_video(kept) + b"\n")
                result.statistics[split].add(kept, classes)
        result.left_out.videos_without_track += not listed


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause garbage collection: parsing makes a million lists, and scanning those takes longer than parsing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _join(video: str, tracks: VideoTracks, crops: ShardIndex, left_out: LeftOut) -> VideoRows:
    """The annotated boxes of a video that have a crop, track after track, with sizes and offsets."""
    which = np.repeat(np.arange(len(tracks.track)), tracks.length)
    wanted = _pair(tracks.frame, tracks.owner)
    there = _pair(crops.frame, crops.track)
    found, at_wanted, at_there = np.intersect1d(wanted, there, assume_unique=True, return_indices=True)
    if len(found) != len(there):
        raise _stale(video)
    left_out.boxes_without_crop += len(wanted) - len(found)
    position = np.full(len(wanted), -1)
    position[at_wanted] = at_there
    kept = position >= 0
    position = position[kept]
    return VideoRows(
        video=video,
        shard_bytes=crops.bytes,
        track=tracks.track,
        length=np.bincount(which[kept], minlength=len(tracks.track)).astype(np.int32),
        frame=tracks.frame[kept],
        boxes=np.rint(tracks.boxes[kept]).astype(np.int32),
        size=crops.size[position],
        offset=crops.offsets[position],
    )


def _split(
    name: str, frames: NDArray[np.int32], rows: VideoRows, config: ImdbConfig
) -> list[tuple[str, NDArray[np.bool_]]]:
    """The splits a video goes to, each with a mask of its rows."""
    if config.split_by == "video":
        split = "val" if is_val(name, config.val_fraction) else "train"
        return [(split, np.ones(len(rows.frame), bool))]
    first_val = round(len(frames) * (1 - config.val_fraction))
    late = rows.frame >= (frames[first_val] if first_val < len(frames) else np.iinfo(np.int32).max)
    return [("train", ~late), ("val", late)]


def _keep_long(rows: VideoRows, chosen: NDArray[np.bool_], least: int, left_out: LeftOut) -> VideoRows:
    which = np.repeat(np.arange(len(rows.track)), rows.length)
    length = np.bincount(which[chosen], minlength=len(rows.track))
    long = length >= least
    if chosen.all() and long.all():
        return rows
    left_out.tracks_too_short += int(((length > 0) & ~long).sum())
    kept = chosen & long[which]
    return VideoRows(
        video=rows.video,
        shard_bytes=rows.shard_bytes,
        track=rows.track[long],
        length=length[long].astype(np.int32),
        frame=rows.frame[kept],
        boxes=rows.boxes[kept],
        size=rows.size[kept],
        offset=rows.offset[kept],
    )


def _pair(frame: NDArray[np.int32], track: NDArray[np.int32]) -> NDArray[np.int64]:
    return frame.astype(np.int64) << 32 | track.astype(np.int64)


def _stale(video: str) -> InputError:
    return InputError(
        f"video {video} has crops of objects that its annotations do not know",
        do=f"They were made from other annotations. Run: {remake('crop', 'imdb')}",
        reason="stale crops",
    )
