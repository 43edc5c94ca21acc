"""Pack an existing classic tree into shards and imdb: no crop is decoded, each stays as it is to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from curation.classic.layout import crop_file, data_folder, parse_crop_file, parse_instance_path
from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import CropIndex, ShardIndex, save_crop_index
from curation.crops.shards import SUFFIX, member_name, write_shard
from curation.errors import InputError
from curation.files import replacing, write_bytes
from curation.images.image_files import check_jpeg
from curation.imdb import split_file
from curation.imdb.build import SPLITS
from curation.imdb.columns import Header, VideoRows, encode_video, file_parts
from curation.imdb.statistics import Statistics
from curation.layouts.frame_xml import MAX_SIDE
from curation.outside import read_outside
from curation.parallel import Workers, run_in_order

Boxes = dict[tuple[int, int], list[int]]
"""(frame, trackid) -> x, y, w, h, in whole pixels."""

INDEX_BYTES = 2 << 30
"""Most bytes of an index; the published ones have about 700 million."""
CROP_BYTES = 16 << 20
"""Most bytes of a crop's file."""
NAME_FOLDER = "Name the folder of the indices that the SiamFC or DSLT scripts made"
RESTORE = "Restore the crop; for exemplars that were not kept, set crop.exemplar_crops to false"
CORNER = 2 * MAX_SIDE
"""Pixels; a box may reach beyond the border by as much as an image can be large."""


def import_classic(
    curated: Path,
    indices: Path,
    config: CropConfig,
    crops_out: Path,
    imdb_out: Path,
    *,
    workers: Workers,
) -> dict[str, Any]:
    """Pack a classic tree, in parallel over videos.

    Parameters
    ----------
    curated : Path
        The curated folder, or the `Data/VID/train` in it.
    indices : Path
        Folder of the classic `imdb_video_train.json` and `imdb_video_val.json`. Their split is kept, except
        for videos that they list without a track. The published ones take about 2 GB of memory to read.
    config : CropConfig
        How the crops were made, which the tree does not say: it becomes the header of what is written. The
        size of every crop is compared with it; exemplars are packed only if `exemplar_crops` is set.
    crops_out, imdb_out : Path
        Where the subsets' shards, and the two files, are written. All search crops of a listed video are
        packed, so an imdb can be built anew from annotations later.

    Returns
    -------
    dict
        Statistics as of the imdb stage, and the number of crops packed.

    Raises
    ------
    InputError
        If an index is damaged or leads out of the tree, or a crop is missing, cut short or of another size.
    """
    tree = data_folder(curated)
    listed = {split: _read_index(split_file(indices, split)) for split in SPLITS}
    boxes = {video: found for split in SPLITS for video, found in listed[split].items()}
    tasks = [_Task(tree, *video, frozenset(boxes[video])) for video in sorted(boxes)]
    entries = run_in_order(
        partial(_pack_video, crops_out=crops_out, config=config), tasks, workers=workers, label="import"
    )
    packed = dict(zip(sorted(boxes), entries, strict=True))
    for subset in {subset for subset, _ in packed}:
        videos = {name: entry for (other, name), entry in packed.items() if other == subset}
        save_crop_index(crops_out / subset, CropIndex(subset, config, videos))
    report: dict[str, Any] = {"crops": sum(len(entry.frame) for entry in packed.values())}
    for split in SPLITS:
        statistics = Statistics()
        lines = []
        for video, found in sorted(listed[split].items()):
            rows = _rows("/".join(video), found, packed[video])
            statistics.add(rows, dict.fromkeys(rows.track.tolist(), "unknown"))
            lines.append(encode_video(rows))
        header = Header(split, config, {"imported": "classic"}, statistics.counts())
        write_bytes(split_file(imdb_out, split), b"".join(file_parts(header, iter(lines))))
        report[split] = statistics.report()
    return report


@dataclass(frozen=True)
class _Task:
    """One video of the tree, with the crops that the index lists of it."""

    tree: Path
    subset: str
    name: str
    listed: frozenset[tuple[int, int]]


def _pack_video(task: _Task, *, crops_out: Path, config: CropConfig) -> ShardIndex:
    """Write a video's shard; return its entry for the crop index."""
    folder = task.tree / task.subset / task.name
    try:
        there = {crop for path in folder.iterdir() if (crop := parse_crop_file(path.name)) is not None}
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read: {error.strerror}",
            do="Restore the video's crops, or point at the right curated folder",
            reason="missing crops",
        ) from error
    rows = sorted({(crop.frame, crop.track) for crop in there if crop.kind == "x"} | task.listed)
    kinds = (
        {"x": config.search_size, "z": config.exemplar_size}
        if config.exemplar_crops
        else {"x": config.search_size}
    )

    def members() -> Iterator[tuple[str, bytes]]:
        for frame, track in rows:
            for kind, side in kinds.items():
                content = _read_crop(folder / crop_file(frame, track, kind), side)
                yield member_name(task.name, frame, track, kind), content

    path = crops_out / task.subset / f"{task.name}{SUFFIX}"
    with replacing(path) as stream:
        sizes = write_shard(stream, members())
    columns = {
        "bytes": path.stat().st_size,
        "frame": [frame for frame, _ in rows],
        "track": [track for _, track in rows],
        "size": sizes[:: len(kinds)],
    }
    return ShardIndex.of(columns | ({"exemplar": sizes[1::2]} if config.exemplar_crops else {}))


def _read_crop(path: Path, side: int) -> bytes:
    try:
        content = read_outside(path, limit=CROP_BYTES, kind="a crop", do=RESTORE)
    except FileNotFoundError:
        raise InputError(f"{path} is missing", do=RESTORE, reason="missing crop") from None
    size = check_jpeg(content, path)
    if size != (side, side):
        raise InputError(
            f"{path} has {size[0]} x {size[1]} pixels, not {side} x {side}",
            do="Give the sizes that the tree was made with as crop.search_size and crop.exemplar_size",
            reason="crop size",
        )
    return content


def _rows(video: str, boxes: Boxes, entry: ShardIndex) -> VideoRows:
    """The listed instances of a video, track after track."""
    place = {pair: row for row, pair in enumerate(entry.crops)}
    listed = sorted(boxes, key=lambda pair: (pair[1], pair[0]))
    rows = [place[pair] for pair in listed]
    track, length = np.unique([track for _, track in listed], return_counts=True)
    return VideoRows(
        video=video,
        shard_bytes=entry.bytes,
        track=track.astype(np.int32),
        length=length.astype(np.int32),
        frame=np.array([frame for frame, _ in listed], np.int32),
        boxes=np.array([boxes[pair] for pair in listed], np.int32),
        size=entry.size[rows],
        offset=entry.offsets[rows],
    )


def _read_index(path: Path) -> dict[tuple[str, str], Boxes]:
    """(subset, video) -> boxes of its listed instances; videos without any are left out."""
    try:
        document = orjson.loads(read_outside(path, limit=INDEX_BYTES, kind="a classic index", do=NAME_FOLDER))
    except FileNotFoundError:
        raise _foreign(f"the index {path} is missing") from None
    except orjson.JSONDecodeError as error:
        raise _foreign(f"{path} is not whole JSON ({error})") from None
    videos = document.get("videos") if isinstance(document, dict) else None
    if not isinstance(videos, dict):
        raise _foreign(f"{path} has no videos")
    found: dict[tuple[str, str], Boxes] = {}
    for name, groups in videos.items():
        try:
            instances = [one for group in groups for track in group.values() for one in track]
            for instance in instances:
                subset, video, crop = parse_instance_path(instance["instance_path"], str(path))
                found.setdefault((subset, video), {})[crop.frame, crop.track] = _box(instance["bbox"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _foreign(f"{path}: video {name} is not as that form has it ({error!r})") from None
    return found


def _box(numbers: Any) -> list[int]:
    """A box of an index in whole pixels, half to even.

    Raises
    ------
    ValueError
        If it is not four numbers, has no whole pixel, or reaches beyond `CORNER`.
    """
    if not isinstance(numbers, list) or not all(type(number) in (int, float) for number in numbers):
        raise ValueError(f"the box {numbers!r} is not four numbers")
    # Checked before the conversion, which would wrap: whatever is too large, infinite or NaN fails here.
    if len(numbers) != 4 or not all(abs(number) <= CORNER for number in numbers):
        raise ValueError(f"the box {numbers} does not lie in an image")
    x, y, w, h = (round(number) for number in numbers)
    if w < 1 or h < 1:
        raise ValueError(f"the box {numbers} has no whole pixel")
    return [x, y, w, h]


def _foreign(what: str) -> InputError:
    return InputError(what, do=NAME_FOLDER, reason="wrong schema")
