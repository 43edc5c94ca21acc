"""The imdb stage: join annotations with existing crops, split into train and val, write both files."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from curation.config import STRICT, parameters
from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import FILE, NOTHING, ShardIndex, check_shards, stream_crop_index
from curation.cures import remake
from curation.documents.annotated_tracks import VideoTracks, stream_tracks
from curation.errors import InputError
from curation.files import damaged, digest, replacing, writing
from curation.imdb.columns import Header, VideoRows, encode_video, file_parts
from curation.imdb.statistics import Statistics
from curation.parallel import Workers, run_in_order

log = logging.getLogger(__name__)

SPLITS = ("train", "val")

BYTES_A_SECOND = 50e6
"""Of the annotated tracks that one process indexes in a second, about."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class ImdbConfig:
    """The parameters of the imdb: what it lists, and in which split.

    Parameters
    ----------
    val_fraction : float
        Share for validation, 0 to 0.9 (SiamFC: 0.1).
    min_track_length : int
        Tracks with fewer crops than this are left out; a training pair takes 2 (SiamFC: 2). Those of still images
        have one, and are kept.
    split_by : {"video", "time"}
        `"video"`: a hash of the video's name decides for the whole video, so the split is the same
        everywhere and adding a video moves no other. `"time"`: the last `val_fraction` of every video's
        annotated frames.
    """

    val_fraction: float = Field(default=0.1, ge=0, le=0.9)
    min_track_length: int = Field(default=2, ge=1)
    split_by: Literal["video", "time"] = "video"


def split_file(folder: Path, split: str) -> Path:
    """Path of a split's file: `imdb_video_train.json`, `imdb_video_val.json`."""
    return folder / f"imdb_video_{split}.json"


def build_imdb(
    annotations_dir: Path,
    crops_dir: Path,
    subsets: Sequence[str],
    config: ImdbConfig,
    out: Path,
    workers: Workers,
) -> dict[str, Any]:
    """Write `imdb_video_train.json` and `imdb_video_val.json` into `out`, in parallel over subsets.

    Parameters
    ----------
    annotations_dir, crops_dir : Path
        Folders that hold `<subset>.json` and `<subset>/index.json`.

    Returns
    -------
    dict
        Statistics for the stage's report: of each split, and of what was left out and why.

    Raises
    ------
    InputError
        If a file is missing or damaged, a shard is not as long as indexed, the subsets were cropped in different
        ways, crops are there that no annotation knows, or one of the splits would be empty.
    """
    files = [annotations_dir / f"{subset}.json" for subset in subsets]
    size = sum(file.stat().st_size for file in files if file.is_file())
    with _temporary(out) as lines:
        return _build(
            run_in_order(
                partial(
                    _index_subset,
                    annotations_dir=annotations_dir,
                    crops_dir=crops_dir,
                    config=config,
                    lines=lines,
                ),
                list(subsets),
                workers=workers.worth(size / BYTES_A_SECOND),
                label="imdb",
                unit="subset",
            ),
            subsets,
            config,
            lines,
            out,
        )


@contextmanager
def _temporary(out: Path) -> Iterator[Path]:
    """A folder for the encoded videos, which wait there for the counts in the header."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".lines.", suffix=".part", dir=out) as folder:
            yield Path(folder)


def _lines_file(lines: Path, subset: str, split: str) -> Path:
    return lines / f"{subset}.{split}"


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        with file.open("rb") as stream:
            yield from (line[:-1] for line in stream)


def _build(
    results: Iterator[_SubsetResult], subsets: Sequence[str], config: ImdbConfig, lines: Path, out: Path
) -> dict[str, Any]:
    statistics = {split: Statistics() for split in SPLITS}
    left_out = LeftOut()
    crop: CropConfig | None = None
    still: list[str] = []
    named: dict[str, str] = {}
    for subset, result in zip(subsets, results, strict=True):
        if crop is not None and result.crop != crop:
            raise InputError(
                f"subset {subset} was cropped with {result.crop}, but subset {subsets[0]} with {crop}",
                do=f"Run: {remake('crop')}",
                reason="mixed crops",
            )
        crop = result.crop
        still += [subset] if result.still else []
        _check_part(subset, result, named)
        for split in SPLITS:
            statistics[split].merge(result.statistics[split])
        left_out.merge(result.left_out)
    _refuse_empty(config, statistics)
    assert crop is not None  # there is a subset
    for split in SPLITS:
        header = Header(split, crop, asdict(config), statistics[split].counts(), tuple(still))
        with replacing(split_file(out, split)) as stream:
            for part in file_parts(header, _lines([_lines_file(lines, subset, split) for subset in subsets])):
                stream.write(part)
    return {
        **{split: statistics[split].report() for split in SPLITS},
        "left_out": asdict(left_out),
    }


def is_val(name: str, val_fraction: float) -> bool:
    """Whether the video of that (bare) name belongs to validation, when whole videos are split."""
    return int(digest(name.encode())[:8], 16) < val_fraction * 2**32


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
class _SubsetResult:
    crop: CropConfig
    still: bool
    names: list[str] = field(default_factory=list)
    statistics: dict[str, Statistics] = field(default_factory=lambda: {s: Statistics() for s in SPLITS})
    left_out: LeftOut = field(default_factory=LeftOut)


def _index_subset(
    subset: str, *, annotations_dir: Path, crops_dir: Path, config: ImdbConfig, lines: Path
) -> _SubsetResult:
    tracks, videos = stream_tracks(annotations_dir / f"{subset}.json")
    index, shards = stream_crop_index(crops_dir / subset)
    crops = _Crops(crops_dir / subset, shards)
    result = _SubsetResult(crop=index.crop, still=tracks.still)
    with ExitStack() as opened, _collector_paused():
        files = {
            split: opened.enter_context(_lines_file(lines, subset, split).open("wb")) for split in SPLITS
        }
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
    result: _SubsetResult,
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


def _check_part(subset: str, result: _SubsetResult, named: dict[str, str]) -> None:
    """Refuse an empty part; warn if two parts have a video of one name."""
    if not any(one.counts().videos for one in result.statistics.values()):
        raise InputError(
            f"part {subset} has no track to list: {len(result.names):,} videos, {result.left_out}",
            do=f"Look at reports/annotate/{subset}.json and reports/crop/{subset}.json, or take {subset} out of "
            "dataset.subsets",
            reason="empty part",
        )
    doubled = [name for name in result.names if named.setdefault(name, subset) != subset]
    if doubled:
        log.warning(
            "note: part %s has %d videos whose names part %s has too, the first %s: if they are the same, leave them "
            "out of one (dataset.parts.%s.leave_out)",
            subset,
            len(doubled),
            named[doubled[0]],
            doubled[0],
            subset,
        )


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


def _refuse_empty(config: ImdbConfig, statistics: dict[str, Statistics]) -> None:
    for split, share in (("train", 1 - config.val_fraction), ("val", config.val_fraction)):
        if share > 0 and not statistics[split].counts().tracks:
            raise InputError(
                f"the {split} split has no track (imdb.split_by = {config.split_by}, "
                f"imdb.val_fraction = {config.val_fraction:g})",
                do=_cure(split, config),
                reason="empty split",
            )


def _cure(split: str, config: ImdbConfig) -> str:
    change = "Raise" if split == "val" else "Lower"
    if config.split_by == "video":
        return f"With few videos, set imdb.split_by to time; or {change.lower()} imdb.val_fraction"
    return (
        f"No track has {config.min_track_length} crops (imdb.min_track_length) in its share. "
        f"{change} imdb.val_fraction (0.5 halves every video), or add longer videos"
    )
