"""The imdb at the size of ILSVRC15 VID, against the reference's indented JSON: `python -m tests.bench.index`.

Generates annotations and crop indices (shards without content): 4,417 videos and 1.78 M boxes with statistics like
VID's; with `--scale 11` as many as GOT-10k, LaSOT and TrackingNet have together, without the reference, whose JSON
would have 4 GB. Measures in one run, taking turns, each load in a fresh process:

- size of the files, time to load, memory resident after loading and at the peak
- the reference: `json.load` of its form, indent 2; and ours into flat arrays, from JSON and the mapped copy
- what a worker process adds, forked and spawned
- the sampler of training pairs over the mapped copy: to make it, a pair, and the memory of its process
- the build, with one process and with all cores
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import CropIndex, ShardIndex, save_crop_index
from curation.crops.shards import SUFFIX, shard_bytes
from curation.documents.annotated_tracks import Tracks, VideoTracks, write_tracks
from curation.imdb import Imdb, ImdbConfig, build_imdb, load_imdb, split_file
from curation.layouts.vid_layout import SUBSETS
from curation.parallel import Workers
from tests.bench.frame import (
    CORES,
    VIDEOS,
    costs_in_turns,
    fresh,
    options,
    show,
    table,
    take_turns,
)
from tests.bench.memory import megabytes
from tests.curation.trees import video_tracks
from training.batches.pairs import PairConfig, PairSampler, PairStreams

CONFIG = ImdbConfig(val_fraction=0.0)
"""Everything in one file: the full size."""

DRAWN = 20_000
"""Pairs drawn to time one."""

Track = tuple[list[int], list[list[int]]]
"""Frame numbers and boxes (x, y, w, h)."""


def synthetic(scale: float) -> Iterator[tuple[str, str, int, list[Track]]]:
    """(subset, video, frames, tracks) of a whole VID: 1.78 M boxes, three tracks in ten with a gap."""
    random = np.random.default_rng(0)
    number = 0
    for subset in SUBSETS:
        for _ in range(max(1, round(VIDEOS[subset] * scale))):
            number += 1
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


def made_up(random: np.random.Generator, frame: list[int], track: list[int]) -> ShardIndex:
    """The index of a shard of crops, of sizes like those of VID's."""
    size = np.clip(random.normal(9500, 2500, len(frame)), 1500, 40_000).astype(int).tolist()
    return ShardIndex.of({"frame": frame, "track": track, "size": size}, bytes=shard_bytes(size))


def generate(
    folder: Path, videos: Iterator[tuple[str, str, int, list[Track]]], *, with_reference: bool
) -> tuple[int, int]:
    """Write annotations, crop indices, and the reference's imdb; return numbers of videos and instances."""
    random = np.random.default_rng(1)
    reference: dict[str, Any] = {}
    count = instances = 0
    for subset, members in groupby(videos, key=lambda one: one[0]):
        annotations: dict[str, VideoTracks] = {}
        crops: dict[str, ShardIndex] = {}
        (folder / "crops" / subset).mkdir(parents=True)
        for _, name, frames, tracks in members:
            annotations[name] = video_tracks(dict(enumerate(tracks)), size=(1280, 720), frames=range(frames))
            pairs = sorted((number, track) for track, (numbers, _) in enumerate(tracks) for number in numbers)
            crops[name] = made_up(random, *map(list, zip(*pairs, strict=True)))
            with (folder / "crops" / subset / f"{name}{SUFFIX}").open("wb") as shard:
                shard.truncate(crops[name].bytes)
            if with_reference:
                reference[f"{subset}/{name}"] = [listed(f"{subset}/{name}", tracks)]
            count += 1
            instances += sum(len(numbers) for numbers, _ in tracks if len(numbers) > 1)
        write_tracks(folder / f"annotations/{subset}.json", Tracks(subset, annotations))
        save_crop_index(folder / "crops" / subset, CropIndex(subset, CropConfig(), crops))
    if with_reference:
        whole = {"data_str": "Data/VID/train/", "num_videos": len(reference), "videos": reference}
        with (folder / "reference.json").open("w") as stream:
            json.dump(whole, stream, indent=2)
    return count, instances


def listed(video: str, tracks: list[Track]) -> dict[str, list[dict[str, Any]]]:
    """A video in the reference's form."""
    return {
        str(track): [
            {
                "instance_path": f"{video}/{n:06d}.{track:02d}.crop.x.jpg",
                "bbox": list(map(float, box)),
            }
            for n, box in zip(numbers, boxes, strict=True)
        ]
        for track, (numbers, boxes) in enumerate(tracks)
        if len(numbers) > 1
    }


def build(folder: Path, subsets: list[str], jobs: int) -> None:
    build_imdb(folder / "annotations", folder / "crops", subsets, CONFIG, folder / "imdb", Workers(jobs=jobs))


def load(kind: str, place: str) -> dict[str, float]:
    """In a process of its own: load once; seconds, and MB of memory that this takes here and in workers."""
    folder = Path(place)
    before, start = megabytes("VmRSS"), time.perf_counter()
    loaded: Any
    if kind == "reference":
        with (folder / "reference.json").open() as stream:
            loaded = json.load(stream)
    else:
        loaded = load_imdb(
            split_file(folder / "imdb", "train"), folder / "cache" if kind == "mapped" else None
        )
    facts = {
        "load s": time.perf_counter() - start,
        "resident MB": megabytes("VmRSS") - before,
        "peak MB": megabytes("VmHWM") - before,
    }
    ways = {"reference": (), "ours": ("fork",), "mapped": ("fork", "spawn")}[kind]
    for way in ways:
        with multiprocessing.get_context(way).Pool(1) as pool:
            facts[f"{way} +MB"] = pool.apply(touch, (loaded,))
    return facts


def touch(imdb: Imdb) -> float:
    """Read every array once; MB that this takes of memory other than the page cache's."""
    before = megabytes("Anonymous", file="/proc/self/smaps_rollup")
    for name in ("frame", "boxes", "offset", "size"):
        getattr(imdb, name).max()
    return megabytes("Anonymous", file="/proc/self/smaps_rollup") - before


def main() -> None:
    chosen = options(
        __doc__,
        ("--scale", 1.0, "fraction of the 4,417 videos", {}),
        ("--rounds", 5, "measurements of each, in turn", {}),
    )
    with tempfile.TemporaryDirectory(prefix="bench_index_") as name:
        folder = Path(name)
        with_reference = chosen.scale <= 1
        found = generate(folder, synthetic(chosen.scale), with_reference=with_reference)
        measure(folder, *found, chosen.rounds, with_reference=with_reference)


def sampler(place: str) -> dict[str, float]:
    """In a process of its own: the sampler over the mapped copy; seconds to make it, us a pair, MB."""
    folder = Path(place)
    before = megabytes("VmRSS")
    imdb = load_imdb(split_file(folder / "imdb", "train"), folder / "cache")
    start = time.perf_counter()
    pairs, streams = PairSampler(imdb, folder / "crops", PairConfig(), name="train"), PairStreams(0)
    made = time.perf_counter() - start
    start = time.perf_counter()
    for index in range(DRAWN):
        pairs.draw(streams.at(0, index))
    each = (time.perf_counter() - start) / DRAWN
    return {
        "s": made,
        "us": each * 1e6,
        "MB": megabytes("VmRSS") - before,
        "private": megabytes("RssAnon"),
        "peak": megabytes("VmHWM"),
    }


def measure(folder: Path, videos: int, instances: int, rounds: int, *, with_reference: bool) -> None:
    show(f"{videos:,} videos, {instances:,} instances; {CORES} cores")
    builds = {
        f"build, {jobs} process{'es' if jobs > 1 else ''}": partial(build, folder, list(SUBSETS), jobs)
        for jobs in sorted({1, CORES})
    }
    for label, turns in costs_in_turns(builds, min(rounds, 3)).items():
        seconds, most = (
            statistics.median(turn.seconds for turn in turns),
            max(turn.megabytes for turn in turns),
        )
        show(f"{label}: {seconds:.2f} s, {most:.0f} MB beside what was there before")
    sizes = {"reference": (folder / "reference.json").stat().st_size} if with_reference else {}
    sizes["ours"] = split_file(folder / "imdb", "train").stat().st_size
    fresh("tests.bench.index:load", "mapped", folder)  # makes the copy
    sizes["mapped"] = sum(path.stat().st_size for path in (folder / "cache").rglob("*.*"))
    facts = take_turns(
        {kind: partial(fresh, "tests.bench.index:load", kind, folder) for kind in sizes}, rounds
    )
    columns = ("load s", "resident MB", "peak MB", "fork +MB", "spawn +MB")
    medians = {
        kind: [statistics.median(fact.get(key, float("nan")) for fact in turns) for key in columns]
        for kind, turns in facts.items()
    }
    base = next(iter(sizes))
    rows = []
    for kind, (seconds, *memory) in medians.items():
        values = (
            sizes[kind] / 1e6,
            sizes[base] / sizes[kind],
            seconds,
            medians[base][0] / seconds,
            *memory,
        )
        rows.append([kind, *(f"{value:.2f}" for value in values)])
    table(["", "MB", "times smaller", columns[0], "times faster", *columns[1:]], *rows)
    drawn = take_turns({"": partial(fresh, "tests.bench.index:sampler", folder)}, rounds)[""]
    found = {key: statistics.median(one[key] for one in drawn) for key in drawn[0]}
    show(
        f"sampler of pairs: made in {found['s']:.2f} s, {found['us']:.0f} us a pair, {found['MB']:.0f} MB resident "
        f"with the imdb; the process: {found['private']:.0f} MB of its own, {found['peak']:.0f} MB at the peak"
    )


if __name__ == "__main__":
    main()
