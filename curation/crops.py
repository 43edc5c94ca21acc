"""The crop stage: every annotated object of a subset, cut, scaled, encoded; one shard a video.

Each frame with usable boxes is read and decoded once. The output folder holds `<video>.tar` for every video
with at least one crop, and `index.json`, which says what is in them:

    {"schema": 1, "subset": "a", "crop": {the parameters}, "videos": {name: {"bytes": length of the shard,
     "frame": [...], "track": [...], "size": [...], "exemplar": [...]}}}

with one entry a crop, in the order of the shard: frame number, trackid, bytes of the search crop and, only if
they are made, of the exemplar crop that follows it. `crop_offsets` turns the sizes into offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from curation.cutting import FrameCutter, encode_jpeg
from curation.dataset import Dataset, Video
from curation.errors import STRICT, ErrorPolicy, InputError, Skipped, parameters
from curation.files import digest, read_json, write_json
from curation.frames import read_frame
from curation.geometry import centred_window, exemplar_side, search_side
from curation.parallel import Workers, run_in_order
from curation.publish import Claim
from curation.shards import SUFFIX, data_offsets, member_name, write_shard
from curation.store import Store, place

SCHEMA = 1
INDEX = "index.json"


@parameters(frozen=True, kw_only=True, config=STRICT)
class CropConfig:
    """How crops are made.

    Parameters
    ----------
    recipe : int
        Version of the code that makes them. A change of code that changes bytes must raise it: the stage
        depends on this number, not on the source files, so that editing a docstring crops nothing again.
    exemplar_size, search_size : int
        Side of the exemplar and of the search crop, in pixels (SiamFC: 127 and 255; 511 is usual too).
    context : float
        Margin around the box, as a share of its width plus height (SiamFC: 0.5).
    quality : int
        JPEG quality, 0 to 100.
    exemplar_crops : bool
        Store the exemplar as a crop of its own too. Training reads the centre of the search crop instead.
    """

    recipe: int = Field(default=1, ge=1)
    exemplar_size: int = Field(default=127, ge=8, le=4096)
    search_size: int = Field(default=255, ge=8, le=4096)
    context: float = Field(default=0.5, ge=0, le=4)
    quality: int = Field(default=90, ge=1, le=100)
    exemplar_crops: bool = False

    def __post_init__(self) -> None:
        if self.search_size < self.exemplar_size:
            raise ValueError(f"crop.search_size = {self.search_size} is under crop.exemplar_size")


def crop_subset(
    dataset: Dataset,
    subset: str,
    annotations: dict[str, Any],
    manifest: dict[str, Any],
    config: CropConfig,
    out: Path,
    store: Path,
    policy: ErrorPolicy,
    workers: Workers,
) -> dict[str, Any]:
    """Crop a subset into `out`, in parallel over videos; videos finished earlier are taken from `store`.

    Parameters
    ----------
    dataset, subset
        Where the frames are.
    annotations, manifest : dict
        The subset's documents of `curation.annotations` and `curation.manifest`. A shard's key is made of the
        manifest's digest of the images, the boxes, and `config`; nothing is read again to find it.
    out : Path
        The output folder, replaced as a whole once everything is done.
    store : Path
        Folder of finished shards, outside `out` and on the same file system, shared by all subsets.
    policy : ErrorPolicy
        For frames that cannot be used; items are boxes.

    Returns
    -------
    dict
        For the stage's report: counts of videos, frames and crops, bytes, videos taken from the store, and
        what was skipped. The same whether or not the store helped, but for `reused`.

    Raises
    ------
    InputError
        If a frame cannot be used (under the `raise` policy) or too many cannot, if the documents do not
        belong together, or the output cannot be written.
    """
    tasks = _tasks(dataset, subset, annotations, manifest, config)
    shelf = Store(store / subset)
    claim = Claim(shelf.folder)
    shelf.clean()
    records = {task.key: shelf.find(task.key) for task in tasks}
    # Under `raise`, a shard that was made by leaving something out is made again, to find out what.
    wanted = [
        task
        for task in tasks
        if (record := records[task.key]) is None
        or (policy.policy == "raise" and record["skipped"]["skipped"])
    ]
    skipped = Skipped()
    index: dict[str, Any] = {}
    frames = 0
    with claim.publishing(out) as folder:
        fresh = run_in_order(
            partial(_crop_video, store=shelf, config=config, stop=policy.policy == "raise"),
            wanted,
            workers=workers,
            label=f"crop {subset}",
            size=lambda record: record["frames"],
        )
        made = {task.key for task in wanted}
        for task in tasks:
            record = next(fresh) if task.key in made else records[task.key]
            assert record is not None
            claim.check()
            frames += record["frames"]
            skipped.merge(_counted(record["skipped"]))
            if record["members"]["frame"]:
                place(shelf.shard(task.key), folder / f"{task.video.name}{SUFFIX}")
                index[task.video.name] = {"bytes": record["bytes"], **record["members"]}
        skipped.check(policy, stage=f"crop {subset}")
        write_json(folder / INDEX, _document(subset, config, index), indent=False)
    shelf.prune({task.key for task in tasks})
    return {
        "videos": len(tasks),
        "shards": len(index),
        "frames": frames,
        "crops": sum(len(entry["frame"]) for entry in index.values()),
        "bytes": sum(entry["bytes"] for entry in index.values()),
        "reused": len(tasks) - len(wanted),
        "skipped": skipped.report(),
    }


def crop_specification(config: CropConfig) -> dict[str, Any]:
    """The parameters as plain values, for headers and keys."""
    return asdict(config)


def load_crop_index(folder: Path) -> dict[str, Any]:
    """Read `index.json` of a crop stage's output folder.

    Raises
    ------
    InputError
        If it is missing, damaged or of another schema.
    """
    document = read_json(folder / INDEX, made_by="crop")
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or "videos" not in document:
        raise InputError(
            f"{folder / INDEX} is not a crop index of schema {SCHEMA}",
            do="Run: dvc repro crop",
            reason="wrong schema",
        )
    return document


def crop_offsets(sizes: ArrayLike, exemplar: ArrayLike | None = None) -> NDArray[np.int64]:
    """Offset in the shard of each search crop, from the index's `size` and, if there, `exemplar`."""
    if exemplar is None:
        return data_offsets(sizes)
    both = np.stack([np.asarray(sizes, np.int64), np.asarray(exemplar, np.int64)], axis=1)
    return data_offsets(both.ravel())[::2]


def _document(subset: str, config: CropConfig, index: dict[str, Any]) -> dict[str, Any]:
    return {"schema": SCHEMA, "subset": subset, "crop": crop_specification(config), "videos": index}


@dataclass(frozen=True)
class _Task:
    """One video to crop; `frames` holds (number, [(trackid, box), ...]) for each frame with boxes."""

    video: Video
    key: str
    size: tuple[int, int]
    frames: list[tuple[int, list[tuple[int, list[float]]]]]


def _tasks(
    dataset: Dataset,
    subset: str,
    annotations: dict[str, Any],
    manifest: dict[str, Any],
    config: CropConfig,
) -> list[_Task]:
    recipe = orjson.dumps(crop_specification(config), option=orjson.OPT_SORT_KEYS)
    listed = manifest["videos"]
    videos = {video.name: video for video in dataset.videos(subset)}
    tasks = []
    for name, record in sorted(annotations["videos"].items()):
        if name not in listed or name not in videos:
            raise InputError(
                f"video {subset}/{name} is annotated, but not in the "
                f"{'manifest' if name in videos else 'dataset'}",
                do="Run: dvc repro, so that manifest and annotations are made from the dataset as it is now",
                reason="stale annotations",
            )
        frames = _by_frame(record["tracks"])
        size = (record["width"], record["height"])
        content = orjson.dumps([size, frames])
        key = digest(recipe, listed[name]["images"].encode(), name.encode(), content)
        tasks.append(_Task(videos[name], key, size, frames))
    return tasks


def _by_frame(tracks: list[dict[str, Any]]) -> list[tuple[int, list[tuple[int, list[float]]]]]:
    frames: dict[int, list[tuple[int, list[float]]]] = {}
    for track in sorted(tracks, key=lambda track: track["id"]):
        for number, box in zip(track["frames"], track["boxes"], strict=True):
            frames.setdefault(number, []).append((track["id"], box))
    return sorted(frames.items())


def _crop_video(task: _Task, *, store: Store, config: CropConfig, stop: bool) -> dict[str, Any]:
    return store.add(task.key, partial(_write, task, config, stop))


def _write(task: _Task, config: CropConfig, stop: bool, stream: IO[bytes]) -> dict[str, Any]:
    skipped = Skipped()
    frame_numbers: list[int] = []
    tracks: list[int] = []

    def members() -> Iterator[tuple[str, bytes]]:
        for number, objects in task.frames:
            skipped.total += len(objects)
            try:
                frame = FrameCutter(read_frame(task.video.image(number), size=task.size))
            except InputError as error:
                if stop:
                    raise
                skipped.add(error, items=len(objects))
                continue
            for track, box in objects:
                frame_numbers.append(number)
                tracks.append(track)
                for kind, crop in _crops(frame, box, config):
                    yield member_name(task.video.name, number, track, kind), crop

    sizes = write_shard(stream, members())
    kinds = 2 if config.exemplar_crops else 1
    found = {"frame": frame_numbers, "track": tracks, "size": sizes[::kinds]}
    if config.exemplar_crops:
        found["exemplar"] = sizes[1::2]
    return {
        "members": found,
        "frames": len(task.frames),
        "skipped": {"skipped": skipped.skipped, **_plain(skipped)},
    }


def _crops(frame: FrameCutter, box: list[float], config: CropConfig) -> Iterator[tuple[str, bytes]]:
    _, _, width, height = box
    side = search_side(width, height, config.context, config.exemplar_size, config.search_size)
    search = frame.cut(centred_window(box, side), config.search_size)
    yield "x", encode_jpeg(search, config.quality)
    if config.exemplar_crops:
        side = exemplar_side(width, height, config.context)
        exemplar = frame.cut(centred_window(box, side), config.exemplar_size)
        yield "z", encode_jpeg(exemplar, config.quality)


def _plain(skipped: Skipped) -> dict[str, Any]:
    return {"total": skipped.total, "counts": dict(skipped.counts), "examples": skipped.examples}


def _counted(record: dict[str, Any]) -> Skipped:
    counted = Skipped(total=record["total"], examples=record["examples"])
    counted.counts.update(record["counts"])
    return counted
