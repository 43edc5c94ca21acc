"""The crop stage: cut, scale and encode every annotated object of a subset; one shard for each video.

The output folder holds `<video>.tar` for every video with at least one crop, and `index.json`
(`curation.crops.crop_index`). Finished videos are kept in a store, from which a later run takes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import NOTHING, CropIndex, ShardIndex, save_crop_index
from curation.crops.crop_video import UnreadFramesError, VideoTask, write_crops
from curation.crops.old_shards import describes
from curation.crops.shards import SUFFIX
from curation.crops.store import Store, place
from curation.cures import remake
from curation.digests.checksums import Record, checksums_folder
from curation.documents.annotated_tracks import Tracks
from curation.documents.manifest_record import Manifest
from curation.errors import ErrorPolicy, InputError, Skipped
from curation.files import digest
from curation.images.codec import UNKNOWN
from curation.parallel import Workers, run_in_order
from curation.videos.dataset import Dataset

PIXELS_A_SECOND = 150e6
"""Pixels of frames to decode and crops to encode that one process manages in a second, about."""

BYTES_A_SECOND = 500e6
"""Bytes of a video's files, all of which are read, likewise."""


def crop_subset(
    dataset: Dataset,
    subset: str,
    annotations: Tracks,
    manifest: Manifest,
    config: CropConfig,
    out: Path,
    store: Path,
    policy: ErrorPolicy,
    workers: Workers,
    *,
    state: Path,
    check: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Any], Skipped]:
    """Crop a subset into `out`, in parallel over videos. Videos finished earlier come from `store`.

    What is read is compared with the manifest. What cannot be read under the `skip` policy is left out of `out`, but
    waits: the next call tries it again.

    Parameters
    ----------
    dataset, subset
        Where the frames are.
    annotations, manifest
        Of the subset. A shard's key is made of the
        manifest's digest of the images, the boxes, and `config`; nothing is read again to find it.
    out : Path
        The output folder, empty or missing.
    store : Path
        Folder of finished shards, outside `out` and on the same file system, shared by all subsets.
    policy : ErrorPolicy
        For frames that cannot be used; items are boxes.
    state : Path
        The manifest stage's folder, where it keeps the checksums of the frames.
    check : callable
        Called before anything is written, in worker processes too; what it raises ends the run.

    Returns
    -------
    report : dict
        For the stage's report: counts of videos, frames and crops, bytes, videos taken from the store, what was
        skipped, and how many boxes of that wait. The same whether or not the store helped, but for `reused`, and
        for `made_with`: how many shards were cut with which libraries (`curation.images.codec`).
    skipped : Skipped
        What was left out under the `skip` policy, for the caller to report and then to `check`.

    Raises
    ------
    InputError
        If the frames of a video are not those on record; if a frame cannot be used (under the `raise` policy; the
        first in order of videos and frames); if the documents do not belong together, or the output cannot be
        written.
    """
    tasks = video_tasks(dataset, subset, annotations, manifest, config, state=state)
    stop = policy.policy == "raise"
    shelf = Store(store / subset)
    shelf.clean()
    finished = {
        task.key: _usable(
            shelf.find(task.key, vouch=partial(describes, task=task, config=config)), task.key, stop
        )
        for task in tasks
    }
    wanted = [task for task in tasks if finished[task.key] is None]
    results = run_in_order(
        partial(_crop_video, store=shelf, config=config, stop=stop, check=check),
        wanted,
        workers=workers.worth(_seconds(wanted, manifest, config)),
        label=f"crop {subset}",
        size=lambda result: result.frames if isinstance(result, _Finished) else 0,
    )
    skipped = Skipped()
    entries: dict[str, ShardIndex] = {}
    sums: Counter[str] = Counter()
    made_with: Counter[str] = Counter()
    used: set[str] = set()
    out.mkdir(parents=True, exist_ok=True)
    with closing(results) as fresh:
        for task in tasks:
            done = finished[task.key] or next(fresh)
            check()
            if isinstance(done, InputError):
                raise done
            used.add(done.key)
            skipped.merge(done.skipped)
            sums.update(frames=done.frames, waiting=done.waiting)
            if crops := len(done.entry.frame):
                place(shelf.shard(done.key), out / f"{task.video.name}{SUFFIX}")
                entries[task.video.name] = done.entry
                sums.update(crops=crops, bytes=done.entry.bytes)
                made_with[done.made_with] += 1
        save_crop_index(out, CropIndex(subset, config, entries))
    shelf.prune(used)
    report = {
        "videos": len(tasks),
        "shards": len(entries),
        "frames": sums["frames"],
        "crops": sums["crops"],
        "bytes": sums["bytes"],
        "reused": len(tasks) - len(wanted),
        "skipped": skipped.report(),
        "waiting": sums["waiting"],
        "made_with": dict(sorted(made_with.items())),
    }
    return report, skipped


def _seconds(tasks: Sequence[VideoTask], manifest: Manifest, config: CropConfig) -> float:
    """What the tasks take one process, about."""
    size = sum(manifest.entries[task.video.name].bytes for task in tasks)
    return sum(task.pixels(config) for task in tasks) / PIXELS_A_SECOND + size / BYTES_A_SECOND


def video_tasks(
    dataset: Dataset,
    subset: str,
    annotations: Tracks,
    manifest: Manifest,
    config: CropConfig,
    *,
    state: Path,
) -> list[VideoTask]:
    """The annotated videos of a subset, sorted by name; parameters and errors as of `crop_subset`."""
    checksums = checksums_folder(state, subset)
    recipe = orjson.dumps(config.recorded(), option=orjson.OPT_SORT_KEYS)
    listed = manifest.entries
    videos = {video.name: video for video in dataset.videos(subset)}
    tasks = []
    for name, record in sorted(annotations.videos.items()):
        if name not in listed or name not in videos:
            raise InputError(
                f"video {subset}/{name} is annotated, but is not in the "
                f"{'manifest' if name in videos else 'dataset'}",
                do=f"Run: {remake()}, so that manifest and annotations are made from the dataset as it is now",
                reason="stale annotations",
            )
        tracks = [
            (track, record.frame[rows], record.boxes[rows])
            for track, rows in zip(record.track.tolist(), record.rows(), strict=True)
        ]
        images = listed[name].images
        annotated = [record.size, tracks] if record.sizes is None else [record.size, tracks, record.sizes]
        boxes = orjson.dumps(annotated, option=orjson.OPT_SERIALIZE_NUMPY)
        on_record = Record(f"video {subset}/{name}", images, checksums)
        key = digest(recipe, name.encode(), images.encode(), boxes)
        tasks.append(VideoTask(videos[name], record, on_record, key))
    return tasks


@dataclass(frozen=True)
class _Finished:
    """The facts about a shard for the index and the report."""

    key: str
    frames: int
    entry: ShardIndex
    skipped: Skipped
    waiting: int
    made_with: str = UNKNOWN


def _usable(record: dict[str, Any] | None, key: str, stop: bool) -> _Finished | None:
    """The finished shard of a video in the store, if it is usable.

    A shard that lacks something does not under `raise`, so that it shows again; nor one from before frames were
    compared with the manifest, because what it lacks may be there now.
    """
    if record is None or (record["skipped"]["counts"] and (stop or "images" not in record)):
        return None
    return _finished(record, key)


def _finished(record: dict[str, Any], key: str) -> _Finished:
    skipped = record["skipped"]
    return _Finished(
        key=key,
        frames=record["frames"],
        entry=ShardIndex.of(record["members"], bytes=record["bytes"]),
        skipped=Skipped(skipped["total"], Counter(skipped["counts"]), skipped["examples"]),
        waiting=record.get("waiting", 0),
        made_with=record.get("made_with", UNKNOWN),
    )


def _crop_video(
    task: VideoTask, *, store: Store, config: CropConfig, stop: bool, check: Callable[[], None]
) -> _Finished | InputError:
    left_out: dict[str, InputError] = {}

    def write(stream: IO[bytes]) -> dict[str, Any]:
        facts = write_crops(task, config, stop, stream, left_out)
        check()
        return facts

    try:
        while True:
            # A shard that lacks frames has a key of its own: under the video's own key, only the whole is ever found.
            key = task.part_key(left_out)
            record = store.find(key) if left_out else None
            try:
                return _finished(record or store.add(key, write), key)
            except UnreadFramesError as lost:
                left_out |= lost.errors
            if task.record.files() is None:
                return _waiting(task, left_out)
    except InputError as error:
        return error  # not raised: the first in order counts, not the first in time


def _waiting(task: VideoTask, lost: dict[str, InputError]) -> _Finished:
    """Let a whole video wait. While one frame cannot be read, nothing shows that the others are those on record."""
    boxes = len(task.tracks.frame)
    skipped = Skipped(total=boxes)
    if boxes:
        first = next(iter(lost.values()))
        what = f"{first.what}, so its whole video waits"
        skipped.add(InputError(what, do=first.do, reason=first.reason), items=boxes)
    return _Finished(task.key, len(task.boxes()), NOTHING, skipped, boxes)
