"""The crop stage: every annotated object of a subset, cut, scaled, encoded; one shard a video.

The output folder holds `<video>.tar` for every video with at least one crop, and `index.json`
(`curation.crops.crop_index`). Finished videos are kept in a store, from which a later run takes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from curation.crops.crop_index import save_crop_index
from curation.crops.crop_video import CropConfig, UnreadFramesError, VideoTask, write_crops
from curation.crops.old_shards import describes
from curation.crops.shards import SUFFIX
from curation.crops.store import Store, place
from curation.cures import remake
from curation.digests.checksums import Record, checksums_folder
from curation.errors import ErrorPolicy, InputError, Skipped
from curation.files import digest
from curation.images.codec import UNKNOWN
from curation.parallel import Workers, run_in_order
from curation.vid.dataset import Dataset


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
    *,
    state: Path,
    check: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Any], Skipped]:
    """Crop a subset into `out`, in parallel over videos; videos finished earlier are taken from `store`.

    What is read is compared with the manifest. What cannot be read under the `skip` policy is left out of `out`, but
    waits: the next call tries it again.

    Parameters
    ----------
    dataset, subset
        Where the frames are.
    annotations, manifest : dict
        The subset's documents of `curation.vid.annotations` and `curation.manifest`. A shard's key is made of the
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
        workers=workers,
        label=f"crop {subset}",
        size=lambda result: result.frames if isinstance(result, _Finished) else 0,
    )
    skipped = Skipped()
    entries: dict[str, Any] = {}
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
            if done.crops:
                place(shelf.shard(done.key), out / f"{task.video.name}{SUFFIX}")
                entries[task.video.name] = orjson.Fragment(done.entry)
                sums.update(crops=done.crops, bytes=done.length)
                made_with[done.made_with] += 1
        save_crop_index(out, subset, asdict(config), entries)
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


def video_tasks(
    dataset: Dataset,
    subset: str,
    annotations: dict[str, Any],
    manifest: dict[str, Any],
    config: CropConfig,
    *,
    state: Path,
) -> list[VideoTask]:
    """The annotated videos of a subset, sorted by name; parameters and errors as of `crop_subset`."""
    checksums = checksums_folder(state, subset)
    recipe = orjson.dumps(asdict(config), option=orjson.OPT_SORT_KEYS)
    listed = manifest["videos"]
    videos = {video.name: video for video in dataset.videos(subset)}
    tasks = []
    for name, record in sorted(annotations["videos"].items()):
        if name not in listed or name not in videos:
            raise InputError(
                f"video {subset}/{name} is annotated, but is not in the "
                f"{'manifest' if name in videos else 'dataset'}",
                do=f"Run: {remake()}, so that manifest and annotations are made from the dataset as it is now",
                reason="stale annotations",
            )
        size = (record["width"], record["height"])
        tracks = [(track["id"], track["frames"], track["boxes"]) for track in record["tracks"]]
        made_of = (recipe, name.encode(), listed[name]["images"].encode(), orjson.dumps([size, tracks]))
        on_record = Record(f"video {subset}/{name}", listed[name]["images"], checksums)
        tasks.append(VideoTask(videos[name], size, tracks, on_record, digest(*made_of)))
    return tasks


@dataclass(frozen=True)
class _Finished:
    """What the index and the report need of a shard; `entry` is its part of the index, as JSON."""

    key: str
    frames: int
    crops: int
    length: int
    entry: bytes
    skipped: Skipped
    waiting: int
    made_with: str = UNKNOWN


def _usable(record: dict[str, Any] | None, key: str, stop: bool) -> _Finished | None:
    """What the store has of a video, if it will do.

    A shard that lacks something does not under `raise`, so that it shows again; nor one from before frames were
    compared with the manifest, because what it lacks may be there now.
    """
    if record is None or (record["skipped"]["counts"] and (stop or "images" not in record)):
        return None
    return _finished(record, key)


def _finished(record: dict[str, Any], key: str) -> _Finished:
    skipped = record["skipped"]
    members = {"bytes": record["bytes"], **record["members"]}
    return _Finished(
        key=key,
        frames=record["frames"],
        crops=len(record["members"]["frame"]),
        length=record["bytes"],
        entry=orjson.dumps(members, option=orjson.OPT_SORT_KEYS),
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
    """All of a video waits: while one frame cannot be read, nothing says that the others are those on record."""
    frames = {number for _, numbers, _ in task.tracks for number in numbers}
    boxes = sum(len(numbers) for _, numbers, _ in task.tracks)
    skipped = Skipped(total=boxes)
    if boxes:
        first = next(iter(lost.values()))
        what = f"{first.what}, and the rest of its video waits with it"
        skipped.add(InputError(what, do=first.do, reason=first.reason), items=boxes)
    return _Finished(task.key, len(frames), 0, 0, b"", skipped, boxes)
