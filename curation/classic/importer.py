"""Pack a classic tree into shards and imdb. Crops are not decoded: their bytes stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from curation.classic.forms import FORMS, Form
from curation.classic.listing import NO_BOXES, Listing, Place, VideoListing
from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import CropIndex, ShardIndex, save_crop_index
from curation.crops.shards import SUFFIX, member_name, write_shard
from curation.errors import InputError, Skipped
from curation.files import replacing, write_bytes
from curation.images.image_files import Size, check_jpeg
from curation.imdb import split_file
from curation.imdb.columns import Header, VideoRows, encode_video, file_parts
from curation.imdb.imdb_config import SPLITS
from curation.imdb.statistics import Statistics
from curation.outside import read_outside
from curation.parallel import Workers, run_in_order

CROP_BYTES = 16 << 20
"""Most bytes of a crop's file."""
SKIP = "leave out what cannot be used: --skip"
RESTORE = f"Restore the crop, or {SKIP}; for exemplars that were not kept, set crop.exemplar_crops to false"


def import_classic(
    curated: Path,
    indices: Path,
    config: CropConfig,
    crops_out: Path,
    imdb_out: Path,
    *,
    form: str = "classic",
    part: str = "",
    val_fraction: float = 0.1,
    skip: bool = False,
    workers: Workers,
) -> dict[str, Any]:
    """Pack a tree of loose crops, in parallel over videos.

    Parameters
    ----------
    curated : Path
        The curated folder, or the one in it that holds the videos' folders.
    indices : Path
        Folder of the indices. Their split is kept, except for videos that they list without a track. The classic
        ones, as published, take about 2 GB of memory to read.
    config : CropConfig
        How the crops were made, which the tree does not say: it becomes the header of what is written. The
        size of every crop is compared with it, or with that of the first crop where the form has no usual one
        (`Form.measured`); exemplars are packed only if `exemplar_crops` is set.
    crops_out, imdb_out : Path
        Where the subsets' shards, and the two files, are written. All search crops of a listed video are
        packed, so an imdb can be built anew from annotations later.
    form : str
        A row of `FORMS`.
    part : str
        The part of the dataset that all videos go to; empty: as the tree has it.
    val_fraction : float
        Share for validation where the tree has no split.
    skip : bool
        Leave out instances whose crop is missing or damaged, or whose entry is not as it should be, and count them.

    Returns
    -------
    dict
        Statistics as of the imdb stage, and the number of crops packed and of instances left out, by reason.

    Raises
    ------
    InputError
        If an index is damaged or leads out of the tree; without `skip`, if some crops are missing, or one is cut
        short or of another size; if nothing is left.
    """
    kind, skipped = FORMS[form], Skipped()
    tree = kind.tree(curated)
    listed = kind.read(tree, indices, part, val_fraction, skipped)
    _find_missing(tree, kind, listed, skipped)
    if skipped.skipped and not skip:
        reason = next(iter(skipped.counts))
        raise InputError(
            f"{skipped.skipped:,} of {skipped.total:,} listed crops cannot be used "
            f"({_by_reason(skipped)}); the first: {skipped.examples[reason][0]}",
            do=f"Or {SKIP}",
            reason=reason,
        )
    boxes = _joined(listed)
    if kind.measured:
        config = _measured(tree, kind, boxes, config)
    tasks = [_Task(tree, *place, boxes[place]) for place in sorted(boxes)]
    results = run_in_order(
        partial(_pack_video, crops_out=crops_out, config=config, form=form, skip=skip),
        tasks,
        workers=workers,
        label="import",
    )
    packed: dict[Place, ShardIndex] = {}
    for task, (entry, lost) in zip(tasks, results, strict=True):
        skipped.merge(lost)
        if len(entry.frame):
            packed[task.place] = entry
    if not packed:
        raise InputError(
            f"nothing of {tree} can be used ({_by_reason(skipped) or 'its indices list no crop'})",
            do="Name the folder that holds the crops",
            reason="nothing left",
        )
    for subset in {subset for subset, _ in packed}:
        videos = {name: entry for (other, name), entry in packed.items() if other == subset}
        save_crop_index(crops_out / subset, CropIndex(subset, config, videos))
    left_out = _by_reason(skipped)
    report: dict[str, Any] = {
        "crops": sum(len(entry.frame) for entry in packed.values()),
        "pixels": config.search_size,
        **({"left_out": left_out} if left_out else {}),
    }
    still = _still(boxes) if kind.writer and kind.writer.still else ()
    for split in SPLITS:
        statistics = Statistics()
        lines = []
        for place, found in sorted(listed.splits[split].items()):
            rows = _rows("/".join(place), found, packed[place]) if place in packed else None
            if rows is not None and len(rows.frame):
                statistics.add(rows, dict.fromkeys(rows.track.tolist(), "unknown"))
                lines.append(encode_video(rows))
        about = {"imported": form, **({} if listed.boxed else NO_BOXES)}
        header = Header(split, config, about, statistics.counts(), still)
        write_bytes(split_file(imdb_out, split), b"".join(file_parts(header, iter(lines))))
        report[split] = statistics.report()
    return report


def _by_reason(skipped: Skipped) -> str:
    return ", ".join(f"{n:,} {reason}" for reason, n in sorted((skipped.counts + skipped.left_out).items()))


def _joined(listed: Listing) -> dict[Place, VideoListing]:
    """The videos of both splits; one may be in both."""
    found: dict[Place, VideoListing] = {}
    for videos in listed.splits.values():
        for place, one in videos.items():
            other = found.get(place)
            columns = one[1:] if other is None else map(np.concatenate, zip(other[1:], one[1:], strict=True))
            found[place] = VideoListing(one.folder, *columns)
    return found


def _still(boxes: dict[Place, VideoListing]) -> tuple[str, ...]:
    """Parts in which no track has two frames: still images."""
    moving = {part for (part, _), one in boxes.items() if len(set(one.track.tolist())) < len(one.track)}
    return tuple(sorted({part for part, _ in boxes} - moving))


def _find_missing(tree: Path, kind: Form, listed: Listing, skipped: Skipped) -> None:
    """Take out of the listing what has no crop, and count it."""
    if not any(path.is_dir() for path in (tree, *tree.parents[:1])):
        raise InputError(
            f"there is no folder {tree}", do="Name the one that holds the crops", reason="missing file"
        )
    for videos in listed.splits.values():
        for place, one in list(videos.items()):
            there = _there(tree / one.folder, kind)
            kept = np.array([(*crop, "x") in there for crop in one.crops], bool)
            if kept.all():
                continue
            frame, track = one.crops[int(np.argmin(kept))]
            first = f"{tree / one.folder}: the crop of frame {frame}, track {track} is missing"
            if other := _of_another_kind(tree / one.folder, kind, (frame, track, "x")):
                first += f": there is {other}, but crops are JPEG files, {Path(other).stem}.jpg"
            error = InputError(first, do="Restore the crops", reason="missing crop")
            skipped.add(error, items=int((~kept).sum()))
            videos[place] = VideoListing(one.folder, *(column[kept] for column in one[1:]))
            if not kept.any():
                del videos[place]


def _of_another_kind(folder: Path, kind: Form, crop: tuple[int, int, str]) -> str:
    """Name of the file that would be that crop if it were a JPEG; empty where there is none."""
    for path in folder.glob("*"):
        if (found := kind.parse(f"{path.stem}.jpg")) is not None and found == crop:
            return path.name
    return ""


def _there(folder: Path, kind: Form) -> dict[tuple[int, int, str], str]:
    """Names of the crops in a video's folder by frame, track and kind; none where it is not there."""
    try:
        names = sorted((path.name for path in folder.iterdir()), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read: {error.strerror}",
            do="Fix its permissions or the disk, then run again",
            reason="unreadable file",
        ) from error
    return {
        (crop.frame, crop.track, crop.kind): name for name in names if (crop := kind.parse(name)) is not None
    }


def _measured(tree: Path, kind: Form, boxes: dict[Place, VideoListing], config: CropConfig) -> CropConfig:
    """The configuration with the size of the first crop that is whole."""
    fault: InputError | None = None
    for path in _search_crops(tree, kind, boxes.values()):
        try:
            _, size = _whole(path)
        except InputError as error:
            fault = fault or error
            continue
        if size[0] != size[1] or size[0] < config.exemplar_size:
            raise InputError(
                f"{path} has {size[0]} x {size[1]} pixels, which is no square around an exemplar of "
                f"{config.exemplar_size}",
                do="Name the folder of search crops; crop.exemplar_size is the exemplar's side in them",
                reason="crop size",
            )
        return replace(config, search_size=size[0])
    raise fault or InputError(
        f"nothing of {tree} can be used", do="Name the folder that holds the crops", reason="nothing left"
    )


def _search_crops(tree: Path, kind: Form, videos: Iterable[VideoListing]) -> Iterator[Path]:
    for one in videos:
        folder = tree / one.folder
        there = _there(folder, kind)
        yield from (folder / there[*crop, "x"] for crop in one.crops)


@dataclass(frozen=True)
class _Task:
    """One video of the tree, with the crops that the index lists."""

    tree: Path
    subset: str
    name: str
    listed: VideoListing

    @property
    def place(self) -> Place:
        return self.subset, self.name


def _pack_video(
    task: _Task, *, crops_out: Path, config: CropConfig, form: str, skip: bool
) -> tuple[ShardIndex, Skipped]:
    """Write a video's shard; return its entry for the crop index, and what was left out."""
    folder = task.tree / task.listed.folder
    there = _there(folder, FORMS[form])
    rows = sorted({(frame, track) for frame, track, kind in there if kind == "x"} | set(task.listed.crops))
    kinds = {"x": config.search_size} | ({"z": config.exemplar_size} if config.exemplar_crops else {})
    kept: list[tuple[int, int]] = []
    skipped = Skipped()

    def members() -> Iterator[tuple[str, bytes]]:
        for frame, track in rows:
            try:
                found = {
                    kind: _read_crop(folder, there.get((frame, track, kind)), side, (frame, track, kind))
                    for kind, side in kinds.items()
                }
            except InputError as error:
                if not skip:
                    raise
                skipped.add(error)
                continue
            kept.append((frame, track))
            for kind, content in found.items():
                yield member_name(task.name, frame, track, kind), content

    path = crops_out / task.subset / f"{task.name}{SUFFIX}"
    with replacing(path) as stream:
        sizes = write_shard(stream, members())
    columns = {
        "bytes": path.stat().st_size,
        "frame": [frame for frame, _ in kept],
        "track": [track for _, track in kept],
        "size": sizes[:: len(kinds)],
    }
    if not kept:
        path.unlink()
    return ShardIndex.of(columns | ({"exemplar": sizes[1::2]} if config.exemplar_crops else {})), skipped


def _read_crop(folder: Path, name: str | None, side: int, crop: tuple[int, int, str]) -> bytes:
    frame, track, kind = crop
    try:
        if name is None:
            raise FileNotFoundError
        path = folder / name
        content, size = _whole(path)
    except FileNotFoundError:
        raise InputError(
            f"{folder}: the crop ({kind}) of frame {frame}, track {track} is missing",
            do=RESTORE,
            reason="missing crop",
        ) from None
    if size != (side, side):
        raise InputError(
            f"{path} has {size[0]} x {size[1]} pixels, not {side} x {side}",
            do=f"Give the sizes that the tree was made with as crop.search_size and crop.exemplar_size, or {SKIP}",
            reason="crop size",
        )
    return content


def _whole(path: Path) -> tuple[bytes, Size]:
    """Content and size of a crop's file."""
    content = read_outside(path, limit=CROP_BYTES, kind="a crop", do=RESTORE)
    try:
        return content, check_jpeg(content, path)
    except InputError as error:
        raise InputError(error.what, do=RESTORE, reason=error.reason) from None


def _rows(video: str, found: VideoListing, entry: ShardIndex) -> VideoRows:
    """The listed instances of a video that are packed, track after track."""
    place = {pair: row for row, pair in enumerate(entry.crops)}
    kept = np.array([crop in place for crop in found.crops], bool)
    rows = [place[crop] for crop in found.crops if crop in place]
    track, length = np.unique(found.track[kept], return_counts=True)
    return VideoRows(
        video=video,
        shard_bytes=entry.bytes,
        track=track.astype(np.int32),
        length=length.astype(np.int32),
        frame=found.frame[kept],
        boxes=found.boxes[kept],
        size=entry.size[rows],
        offset=entry.offsets[rows],
    )
