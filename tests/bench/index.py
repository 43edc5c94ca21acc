"""The imdb at the size of ILSVRC15 VID, against the reference's indented JSON: `python -m tests.bench.index`.

Generates annotations and crop indices (no pictures): 4,417 videos and 1.78 M boxes with statistics like
VID's, or, with `--ground-truth FOLDER`, the real boxes of VID val (a folder with the devkit's
ILSVRC2015_vid_validation_ground_truth_whole.mat and VID_val_videos.txt; it holds no track ids, so boxes are
joined into tracks by overlap). Measures in one run, taking turns, each load in a fresh process:

- size of the files, time to load, memory resident after loading and at the peak
- the reference: `json.load` of its form, indent 2; and ours into flat arrays, from JSON and the mapped copy
- what a worker process adds, forked and spawned
- the build, with one process and with all cores
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import CropIndex, ShardIndex, save_crop_index
from curation.crops.shards import shard_bytes
from curation.documents.annotated_tracks import Tracks, VideoTracks, write_tracks
from curation.errors import InputError
from curation.imdb import Imdb, ImdbConfig, build_imdb, load_imdb, split_file
from curation.parallel import Workers
from curation.vid.dataset import SUBSETS
from tests.curation.trees import video_tracks

SHARE = {"a": 1000, "b": 1000, "c": 1000, "d": 862, "e": 555}
"""Videos of each subset, as published."""

CONFIG = ImdbConfig(val_fraction=0.0)
"""Everything in one file: the full size."""

Track = tuple[list[int], list[list[int]]]
"""Frame numbers and boxes (x, y, w, h)."""


def synthetic(scale: float) -> Iterator[tuple[str, str, int, list[Track]]]:
    """(subset, video, frames, tracks) of a whole VID: 1.78 M boxes, three tracks in ten with a gap."""
    random = np.random.default_rng(0)
    for subset in SUBSETS:
        for number in range(max(1, round(SHARE[subset] * scale))):
            frames = int(np.clip(random.lognormal(5.29, 0.6), 6, 2000))
            tracks: list[Track] = []
            for _ in range(random.geometric(0.55)):
                present = np.ones(frames, bool)
                if random.random() < 0.3 and frames > 30:
                    start = random.integers(1, frames - 10)
                    present[start : start + random.integers(1, frames // 3)] = False
                steps = random.normal(0, 2, (frames, 4)).cumsum(axis=0)
                first = random.uniform((0, 0, 40, 40), (800, 400, 480, 320))
                boxes = np.maximum(np.rint(first + steps), (0, 0, 4, 4)).astype(int)
                tracks.append((np.flatnonzero(present).tolist(), boxes[present].tolist()))
            yield subset, f"ILSVRC2015_train_{number:08d}", frames, tracks


def real(folder: Path) -> Iterator[tuple[str, str, int, list[Track]]]:
    """The boxes of VID val, joined into tracks by greatest overlap from frame to frame."""
    import scipy.io

    file = folder / "ILSVRC2015_vid_validation_ground_truth_whole.mat"
    boxes = scipy.io.loadmat(file, squeeze_me=True)["gt_obj_bboxes"]
    for line in (folder / "VID_val_videos.txt").read_text().splitlines():
        name, first, _, count = line.split()
        tracks: list[Track] = []
        for frame in range(int(count)):
            corners = np.asarray(boxes[int(first) - 1 + frame], int).reshape(4, -1).T
            found = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2] + 1], axis=1)
            _extend(tracks, frame, found.tolist())
        yield "e", Path(name).name, int(count), tracks


def _extend(tracks: list[Track], frame: int, boxes: list[list[int]]) -> None:
    free = [track for track in tracks if track[0][-1] == frame - 1]
    for box in boxes:
        best = max(free, key=lambda track: _overlap(track[1][-1], box), default=None)
        if best is None or _overlap(best[1][-1], box) < 0.3:
            tracks.append(([frame], [box]))
        else:
            best[0].append(frame)
            best[1].append(box)
            free.remove(best)


def _overlap(a: list[int], b: list[int]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def generate(folder: Path, videos: Iterator[tuple[str, str, int, list[Track]]]) -> tuple[int, int]:
    """Write annotations, crop indices, and the reference's imdb; return numbers of videos and instances."""
    random = np.random.default_rng(1)
    annotations: dict[str, dict[str, VideoTracks]] = {subset: {} for subset in SUBSETS}
    crops: dict[str, dict[str, ShardIndex]] = {subset: {} for subset in SUBSETS}
    reference: dict[str, Any] = {}
    for subset, name, frames, tracks in videos:
        annotations[subset][name] = video_tracks(
            dict(enumerate(tracks)), size=(1280, 720), frames=range(frames)
        )
        pairs = sorted((number, track) for track, (numbers, _) in enumerate(tracks) for number in numbers)
        sizes = np.clip(random.normal(9500, 2500, len(pairs)), 1500, 40_000).astype(int).tolist()
        columns = {
            "frame": [number for number, _ in pairs],
            "track": [track for _, track in pairs],
            "size": sizes,
        }
        crops[subset][name] = ShardIndex.of(columns, bytes=shard_bytes(sizes))
        listed = {
            str(track): [
                {
                    "instance_path": f"{subset}/{name}/{n:06d}.{track:02d}.crop.x.jpg",
                    "bbox": list(map(float, box)),
                }
                for n, box in zip(numbers, boxes, strict=True)
            ]
            for track, (numbers, boxes) in enumerate(tracks)
            if len(numbers) > 1
        }
        reference[f"{subset}/{name}"] = [listed]
    for subset in SUBSETS:
        write_tracks(folder / f"annotations/{subset}.json", Tracks(subset, annotations[subset]))
        save_crop_index(folder / "crops" / subset, CropIndex(subset, CropConfig(), crops[subset]))
    whole = {"data_str": "Data/VID/train/", "num_videos": len(reference), "videos": reference}
    with (folder / "reference.json").open("w") as stream:
        json.dump(whole, stream, indent=2)
    return len(reference), sum(len(t) for v in reference.values() for t in v[0].values())


def build(folder: Path, jobs: int) -> float:
    subsets = [s for s in SUBSETS if orjson.loads((folder / f"annotations/{s}.json").read_bytes())["videos"]]
    start = time.perf_counter()
    build_imdb(folder / "annotations", folder / "crops", subsets, CONFIG, folder / "imdb", Workers(jobs=jobs))
    return time.perf_counter() - start


def load(kind: str, folder: Path) -> None:
    """In a process of its own: load once and print what it took."""
    before = resident()
    start = time.perf_counter()
    loaded: Any
    if kind == "reference":
        with (folder / "reference.json").open() as stream:
            loaded = json.load(stream)
    else:
        loaded = load_imdb(
            split_file(folder / "imdb", "train"), folder / "cache" if kind == "mapped" else None
        )
    seconds = time.perf_counter() - start
    facts = {
        "seconds": seconds,
        "resident": resident() - before,
        "peak": peak() - before,
        "total": resident(),
    }
    if kind == "mapped":
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            facts["spawned"] = pool.apply(touch, (loaded,))
    if kind != "reference":
        with multiprocessing.get_context("fork").Pool(1) as pool:
            facts["forked"] = pool.apply(touch, (loaded,))
    sys.stdout.write(orjson.dumps(facts).decode())


def touch(imdb: Imdb) -> float:
    """Read every array once; MB that this takes of memory other than the page cache's."""
    before = anonymous()
    for name in ("frame", "boxes", "offset", "size"):
        getattr(imdb, name).max()
    return anonymous() - before


def resident() -> float:
    return _status("/proc/self/status", "VmRSS")


def peak() -> float:
    return _status("/proc/self/status", "VmHWM")


def anonymous() -> float:
    return _status("/proc/self/smaps_rollup", "Anonymous")


def _status(file: str, key: str) -> float:
    for line in Path(file).read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise InputError(f"{file} has no {key}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the 4,417 videos")
    parser.add_argument("--ground-truth", type=Path, help="folder with VID val's ground truth, used instead")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, in turn")
    parser.add_argument("--load", nargs=2, metavar=("KIND", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        load(options.load[0], Path(options.load[1]))
        return
    with tempfile.TemporaryDirectory(prefix="bench_index_") as name:
        folder = Path(name)
        videos = real(options.ground_truth) if options.ground_truth else synthetic(options.scale)
        measure(folder, *generate(folder, videos), options.rounds)


def measure(folder: Path, videos: int, instances: int, rounds: int) -> None:
    cores = os.cpu_count() or 1
    show(f"{videos:,} videos, {instances:,} instances; {cores} cores")
    builds: dict[int, list[float]] = {1: [], cores: []}
    for _ in range(min(rounds, 3)):
        for jobs in builds:
            builds[jobs].append(build(folder, jobs))
    for jobs, values in builds.items():
        show(f"build, {jobs} process{'es' if jobs > 1 else ''}: {statistics.median(values):.2f} s")
    kinds = ("reference", "ours", "mapped")
    command = [sys.executable, "-m", "tests.bench.index", "--load"]
    facts: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    subprocess.run([*command, "mapped", str(folder)], capture_output=True, check=True)  # makes the copy
    for _ in range(rounds):
        for kind in kinds:
            run = subprocess.run([*command, kind, str(folder)], capture_output=True, check=True)
            facts[kind].append(orjson.loads(run.stdout))
    size = {
        "reference": (folder / "reference.json").stat().st_size,
        "ours": split_file(folder / "imdb", "train").stat().st_size,
        "mapped": sum(path.stat().st_size for path in (folder / "cache").rglob("*.*")),
    }
    columns = ("MB", "1/x", "load s", "x", "resident MB", "peak MB", "forked +MB", "spawned +MB")
    show(f"{'':12}" + "".join(f"{column:>13}" for column in columns))

    def median(kind: str, key: str) -> float:
        return statistics.median(fact.get(key, float("nan")) for fact in facts[kind])

    for kind in kinds:
        values = (
            size[kind] / 1e6,
            size["reference"] / size[kind],
            median(kind, "seconds"),
            median("reference", "seconds") / median(kind, "seconds"),
            *(median(kind, key) for key in ("resident", "peak", "forked", "spawned")),
        )
        show(f"{kind:12}" + "".join(f"{value:13.2f}" for value in values))


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
