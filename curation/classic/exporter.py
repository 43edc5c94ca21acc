"""Write shards and imdb out as loose crops and the classic index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.classic.layout import DATA, crop_file, index_parts
from curation.crops.crop_index import ShardIndex, load_crop_index
from curation.crops.cutter import encode_jpeg
from curation.crops.shards import BLOCK, SUFFIX, ShardReader
from curation.files import filling, replacing
from curation.imdb import load_imdb, split_file
from curation.imdb.build import SPLITS
from curation.parallel import Workers, run_in_order


def export_classic(
    imdb_dir: Path, crops_dir: Path, out: Path, *, exemplars: bool = True, workers: Workers
) -> dict[str, Any]:
    """Write the classic tree and both indices into `out`, in parallel over videos.

    Parameters
    ----------
    imdb_dir : Path
        Folder of `imdb_video_train.json` and `imdb_video_val.json`. All crops of the subsets they name are
        written, those of tracks too short to be listed as well.
    crops_dir : Path
        Folder of the subsets' shards.
    out : Path
        The curated folder. A video that is there already, with the same crops, is kept as it is.
    exemplars : bool
        Write `.crop.z.jpg` too. Those in the shards are taken as they are; where there are none, the centre
        of the search crop is cut out and encoded again, at the quality of the crops.

    Returns
    -------
    dict
        Numbers of videos, files written, videos kept, and where exemplars came from.

    Raises
    ------
    InputError
        If the imdb, an index or a shard is missing or damaged, or `out` cannot be written.
    """
    imdbs = {split: load_imdb(split_file(imdb_dir, split)) for split in SPLITS}
    subsets = sorted({video.partition("/")[0] for imdb in imdbs.values() for video in imdb.videos})
    tasks = []
    stored = False
    for subset in subsets:
        index = load_crop_index(crops_dir / subset)
        crop = index.crop
        stored = crop.exemplar_crops
        for name, entry in sorted(index.videos.items()):
            shard = crops_dir / subset / f"{name}{SUFFIX}"
            cut = (crop.exemplar_size, crop.quality) if exemplars and not stored else None
            tasks.append(_Task(shard, entry, out / DATA / subset / name, exemplars and stored, cut))
    written = kept = 0
    for files in run_in_order(
        _export_video, tasks, workers=workers, label="export", size=abs, size_unit="files"
    ):
        written += files
        kept += not files
    for split, imdb in imdbs.items():
        with replacing(split_file(out, split)) as stream:
            for part in index_parts(imdb):
                stream.write(part)
    source = ("stored" if stored else "centre of the search crop") if exemplars else "none"
    return {"videos": len(tasks), "files": written, "kept": kept, "exemplars": source}


@dataclass(frozen=True)
class _Task:
    """One video: `stored` exemplars are copied; `cut` is the (size, quality) of those to cut."""

    shard: Path
    entry: ShardIndex
    folder: Path
    stored: bool
    cut: tuple[int, int] | None


def _export_video(task: _Task) -> int:
    """Write a video's folder under another name, then rename it; 0 if it was there."""
    entry, named = task.entry, task.entry.crops
    if _is_there(task):
        return 0
    reader = ShardReader(task.shard, entry.bytes)
    offsets, sizes = entry.offsets.tolist(), entry.size.tolist()
    with filling(task.folder) as folder:
        for row, (frame, track) in enumerate(named):
            search = reader.read(offsets[row], sizes[row])
            (folder / crop_file(frame, track, "x")).write_bytes(search)
            exemplar = None
            if task.stored and entry.exemplar is not None:
                behind = offsets[row] + -(-sizes[row] // BLOCK) * BLOCK + BLOCK
                exemplar = reader.read(behind, int(entry.exemplar[row]))
            elif task.cut is not None:
                exemplar = _centre(search, *task.cut)
            if exemplar is not None:
                (folder / crop_file(frame, track, "z")).write_bytes(exemplar)
    return len(named) * (2 if task.stored or task.cut is not None else 1)


def _is_there(task: _Task) -> bool:
    """Whether the folder holds these crops, by name and size; an exemplar that was cut, by name."""
    try:
        sizes = {path.name: path.stat().st_size for path in task.folder.iterdir()}
    except OSError:
        return False
    named = task.entry.crops
    wanted = {crop_file(*crop, "x"): size for crop, size in zip(named, task.entry.size.tolist(), strict=True)}
    if task.stored and task.entry.exemplar is not None:
        exemplars = zip(named, task.entry.exemplar.tolist(), strict=True)
        wanted |= {crop_file(*crop, "z"): size for crop, size in exemplars}
    elif task.cut is not None:
        wanted |= {name: sizes.get(name, -1) for name in (crop_file(*crop, "z") for crop in named)}
    return sizes == wanted


def _centre(search: bytes, size: int, quality: int) -> bytes:
    image = np.asarray(cv2.imdecode(np.frombuffer(search, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    start = (image.shape[0] - size) // 2
    return encode_jpeg(np.ascontiguousarray(image[start : start + size, start : start + size]), quality)
