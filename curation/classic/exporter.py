"""Write shards and imdb out as loose crops and an index, in another's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from curation.classic.forms import FORMS
from curation.classic.listing import NO_BOXES
from curation.crops.crop_index import ShardIndex, load_crop_index
from curation.crops.cutter import encode_jpeg
from curation.crops.shards import BLOCK, SUFFIX, ShardReader
from curation.documents.document import Fields
from curation.errors import InputError
from curation.files import filling, replacing
from curation.imdb import load_imdb, split_file
from curation.imdb.imdb_config import SPLITS
from curation.parallel import Workers, run_in_order
from curation.rows import unknown_name


def export_classic(
    imdb_dir: Path,
    crops_dir: Path,
    out: Path,
    *,
    exemplars: bool = True,
    form: str = "classic",
    parts: Sequence[str] = (),
    workers: Workers,
) -> Fields:
    """Write the tree of a form and both indices into `out`, in parallel over videos.

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
    form : str
        A row of `FORMS` that has a writer.
    parts : sequence of str
        Parts of the dataset to write; all that the imdb lists.

    Returns
    -------
    dict
        Numbers of videos, files written, videos kept, and where exemplars came from.

    Raises
    ------
    InputError
        If the imdb, an index or a shard is missing or damaged, or `out` cannot be written; if a part is not in the
        imdb, is of still images where the form's readers want two frames of a track, or has no boxes.
    """
    writer = FORMS[form].writer
    assert writer is not None
    imdbs = {split: load_imdb(split_file(imdb_dir, split)) for split in SPLITS}
    there = sorted({video.partition("/")[0] for imdb in imdbs.values() for video in imdb.videos})
    subsets = sorted(set(parts)) or there
    for subset in subsets:
        if subset not in there:
            raise unknown_name("part of the imdb", subset, there)
    header = imdbs["train"].header
    if header.imdb.items() >= NO_BOXES.items():
        raise InputError(
            "the crops were imported without boxes, and an index lists boxes",
            do="Use the tree that they were imported from",
            reason="no boxes",
        )
    if still := [subset for subset in subsets if subset in header.still and not writer.still]:
        raise InputError(
            f"part {still[0]} is of still images, and the readers of this form want two frames of a track",
            do="Export it in PySOT's form (--form pysot), or the other parts alone (--part NAME)",
            reason="still images",
        )
    tasks = []
    stored = False
    for subset in subsets:
        index = load_crop_index(crops_dir / subset)
        crop = index.crop
        stored = crop.exemplar_crops
        for name, entry in sorted(index.videos.items()):
            shard = crops_dir / subset / f"{name}{SUFFIX}"
            cut = (crop.exemplar_size, crop.quality) if exemplars and not stored else None
            folder = out / writer.crops(crop.search_size) / subset / name
            tasks.append(_Task(shard, entry, folder, exemplars and stored, cut, form))
    written = kept = 0
    for files in run_in_order(
        _export_video, tasks, workers=workers, label="export", size=abs, size_unit="files"
    ):
        written += files
        kept += not files
    for split, imdb in imdbs.items():
        with replacing(writer.index_file(out, split)) as stream:
            for part in writer.listed(imdb, set(subsets)):
                stream.write(part)
    source = ("stored" if stored else "centre of the search crop") if exemplars else "none"
    return {"videos": len(tasks), "files": written, "kept": kept, "exemplars": source}


@dataclass(frozen=True)
class _Task:
    """One video to export: `stored` exemplars are copied; `cut` is the (size, quality) of those to cut."""

    shard: Path
    entry: ShardIndex
    folder: Path
    stored: bool
    cut: tuple[int, int] | None
    form: str

    def file(self, frame: int, track: int, kind: str) -> str:
        """Name of a crop's file."""
        writer = FORMS[self.form].writer
        assert writer is not None
        return writer.crop_file(frame, track, kind)


def _export_video(task: _Task) -> int:
    """Write a video's folder under a temporary name, then rename it; 0 if it already exists."""
    entry, named = task.entry, task.entry.crops
    if _is_there(task):
        return 0
    reader = ShardReader(task.shard, entry.bytes)
    offsets, sizes = entry.offsets.tolist(), entry.size.tolist()
    with filling(task.folder) as folder:
        for row, (frame, track) in enumerate(named):
            search = reader.read(offsets[row], sizes[row])
            (folder / task.file(frame, track, "x")).write_bytes(search)
            exemplar = None
            if task.stored and entry.exemplar is not None:
                behind = offsets[row] + -(-sizes[row] // BLOCK) * BLOCK + BLOCK
                exemplar = reader.read(behind, int(entry.exemplar[row]))
            elif task.cut is not None:
                exemplar = _centre(search, *task.cut)
            if exemplar is not None:
                (folder / task.file(frame, track, "z")).write_bytes(exemplar)
    return len(named) * (2 if task.stored or task.cut is not None else 1)


def _is_there(task: _Task) -> bool:
    """Whether the folder holds these crops, by name and size; for cut exemplars by name only."""
    try:
        sizes = {path.name: path.stat().st_size for path in task.folder.iterdir()}
    except OSError:
        return False
    named = task.entry.crops
    wanted = {task.file(*crop, "x"): size for crop, size in zip(named, task.entry.size.tolist(), strict=True)}
    if task.stored and task.entry.exemplar is not None:
        exemplars = zip(named, task.entry.exemplar.tolist(), strict=True)
        wanted |= {task.file(*crop, "z"): size for crop, size in exemplars}
    elif task.cut is not None:
        wanted |= {name: sizes.get(name, -1) for name in (task.file(*crop, "z") for crop in named)}
    return sizes == wanted


def _centre(search: bytes, size: int, quality: int) -> bytes:
    image = np.asarray(cv2.imdecode(np.frombuffer(search, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    start = (image.shape[0] - size) // 2
    return encode_jpeg(np.ascontiguousarray(image[start : start + size, start : start + size]), quality)
