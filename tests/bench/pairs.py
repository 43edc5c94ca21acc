"""Training pairs, side by side in one run: `python -m tests.bench.pairs`.

Generates search crops of 255 px (JPEG, quality 90, about 14 KB) as loose files and as shards, and measures,
taking turns, pairs a second in batches of 8 at the published sizes (exemplar 127, search 239) with 0, 1 and
2 workers:

- plain: the reference's dataset, written down here: nested lists of paths, imread, stretch by resizing,
crop, float - ours: `training.batches.pair_loader`, published augmentation; and with everything that it can augment

Then memory: the private bytes of each loader worker, with this imdb and with one of 1.78 M instances.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from curation.crops.crop_config import CropConfig
from curation.crops.shards import data_offsets, member_name, shard_bytes, write_shard
from curation.files import write_bytes
from curation.imdb import Imdb, load_imdb
from curation.imdb.columns import Counts, Header, VideoRows, encode_video, file_parts
from training.batches.augmentation import AugmentationConfig
from training.batches.pair_loader import PairDataset, load_batches
from training.batches.pairs import PairConfig, PairSampler

BATCH = 8
PAIRS = PairConfig(search_size=239)
PUBLISHED = AugmentationConfig(
    stretch=0.05,
    scale=0.0,
    shift=4.0,
    flip=0.0,
    blur=0.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    grey=0.0,
)
EVERYTHING = AugmentationConfig(stretch=0.05, scale=0.1, shift=16.0, flip=0.5, blur=0.3, grey=0.1)

PLAIN = "plain (reference's steps)"
FULL_SIZE = 1_780_000
"""Instances of ILSVRC15 VID's imdb (MEASURED)."""


def generate(root: Path, videos: int, frames: int) -> tuple[Path, dict[str, list[list[str]]]]:
    """The same crops twice: shards with their imdb, and loose files with the reference's nested lists."""
    generator = np.random.default_rng(0)
    lines, index = [], {}
    for number in range(videos):
        name = f"v{number:04d}"
        members = []
        for frame in range(frames):
            image = np.full((255, 255, 3), 120, np.float32)
            for cells, weight in ((4, 40), (16, 30), (64, 15), (255, 6)):
                noise = generator.normal(0, 1, (cells, cells, 3)).astype(np.float32)
                image += weight * cv2.resize(noise, (255, 255), interpolation=cv2.INTER_CUBIC)
            content = cv2.imencode(
                ".jpg", image.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90]
            )[1]
            members.append((member_name(name, frame, 0, "x"), content.tobytes()))
        index[name] = [[]]
        for frame, (_, content) in enumerate(members):
            path = root / "loose" / name / f"{frame:06d}.00.crop.x.jpg"
            write_bytes(path, content)
            index[name][0].append(str(path))
        path = root / "crops" / "a" / f"{name}.tar"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            sizes = np.array(write_shard(stream, members), np.int32)
        lines.append(
            encode_video(
                VideoRows(
                    video=f"a/{name}",
                    shard_bytes=shard_bytes(sizes),
                    track=np.zeros(1, np.int32),
                    length=np.array([frames], np.int32),
                    frame=np.arange(frames, dtype=np.int32),
                    boxes=np.full((4, frames), 50, np.int32),
                    size=sizes,
                    offset=data_offsets(sizes),
                )
            )
        )
    header = Header("train", CropConfig(), {}, Counts(videos, videos, videos * frames))
    path = root / "imdb_video_train.json"
    write_bytes(path, b"".join(file_parts(header, iter(lines))))
    return path, index


class Plain(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The reference's dataset by its description: a random pair, two transforms, float tensors."""

    def __init__(self, index: dict[str, list[list[str]]], pairs: int) -> None:
        self.index, self.names, self.pairs = index, list(index), pairs

    def __len__(self) -> int:
        return self.pairs

    def __getitem__(self, _: int) -> tuple[torch.Tensor, torch.Tensor]:
        track = random.choice(self.index[random.choice(self.names)])
        first = random.randrange(len(track))
        second = random.choice(
            [k for k in range(max(0, first - 100), min(len(track), first + 100)) if k != first]
        )
        exemplar = cv2.cvtColor(cv2.imread(track[first]), cv2.COLOR_BGR2RGB)
        search = cv2.cvtColor(cv2.imread(track[second]), cv2.COLOR_BGR2RGB)
        exemplar = _centre(_stretch(exemplar), 127)
        search = _centre(_stretch(search), 247)
        top, left = random.randint(0, 8), random.randint(0, 8)
        return _tensor(exemplar), _tensor(search[top : top + 239, left : left + 239])


def _stretch(image: Any) -> Any:
    height, width = (round(side * random.uniform(0.95, 1.05)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def _centre(image: Any, size: int) -> Any:
    """The central size x size pixels, with the mean colour outside."""
    missing = [max(0, size - side) for side in image.shape[:2]]
    if any(missing):
        mean = tuple(image.mean((0, 1)))
        down, right = ((lack + 1) // 2 for lack in missing)
        image = cv2.copyMakeBorder(image, down, down, right, right, cv2.BORDER_CONSTANT, value=mean)
    top, left = ((side - size) // 2 for side in image.shape[:2])
    return image[top : top + size, left : left + size]


def _tensor(image: Any) -> torch.Tensor:
    return torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1).copy())


def plain(index: dict[str, list[list[str]]], pairs: int, workers: int) -> Iterator[Any]:
    return iter(DataLoader(Plain(index, pairs), batch_size=BATCH, num_workers=workers))


def ours(path: Path, pairs: int, workers: int, augmentation: AugmentationConfig) -> Iterator[Any]:
    sampler = PairSampler(load_imdb(path), path.parent / "crops", PAIRS, name=path.name)
    dataset = PairDataset(sampler, PAIRS, augmentation, seed=0, batch=BATCH, steps=pairs // BATCH)
    return load_batches(dataset, range(pairs // BATCH), workers=workers)


def rate(batches: Iterator[Any], pairs: int) -> float:
    """Pairs a second once the first batches have come, so that the start of workers is not counted."""
    skipped = 8
    for _ in range(skipped):
        next(batches)
    start = time.perf_counter()
    for _ in batches:
        pass
    return (pairs - skipped * BATCH) / (time.perf_counter() - start)


def full_size(small: Imdb) -> Imdb:
    """An imdb of 1.78 M instances that lists the small one's crops again and again."""
    copies = FULL_SIZE // len(small)
    return replace(
        small,
        track_video=np.tile(small.track_video, copies),
        track_id=np.tile(small.track_id, copies),
        track_start=np.append(0, np.cumsum(np.tile(np.diff(small.track_start), copies))),
        **{name: np.tile(getattr(small, name), copies) for name in ("frame", "offset", "size")},
        boxes=np.tile(small.boxes, (copies, 1)),
    )


def worker_megabytes(imdb: Imdb, root: Path, count: int, pairs: PairConfig) -> float:
    """Most private memory of a loader worker at the end of its batches, by /proc."""
    sampler = PairSampler(imdb, root, pairs, name="memory")
    dataset = PairDataset(sampler, pairs, EVERYTHING, seed=0, batch=BATCH, steps=count // BATCH)
    largest = 0.0
    for _ in load_batches(dataset, range(count // BATCH), workers=2):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        for child in children:
            try:
                lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
            except OSError:  # it has just ended
                continue
            private = sum(int(line.split()[1]) for line in lines if line.startswith("Private"))
            largest = max(largest, private / 1024)
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=1600, help="pairs of one measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, in turn")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="bench_pairs_") as name:
        path, index = generate(Path(name), videos=40, frames=50)
        measure(path, index, options.pairs, options.rounds)


def measure(path: Path, index: dict[str, list[list[str]]], pairs: int, rounds: int) -> None:
    contenders: dict[str, Callable[[int], Iterator[Any]]] = {
        PLAIN: lambda workers: plain(index, pairs, workers),
        "ours, published augmentation": lambda workers: ours(path, pairs, workers, PUBLISHED),
        "ours, all augmentation": lambda workers: ours(path, pairs, workers, EVERYTHING),
    }
    rates: dict[tuple[str, int], list[float]] = {(name, w): [] for name in contenders for w in (0, 1, 2)}
    for _ in range(rounds):
        for name, workers in rates:
            rates[name, workers].append(rate(contenders[name](workers), pairs))
    medians = {key: statistics.median(values) for key, values in rates.items()}
    cores = os.cpu_count()
    show(f"pairs/s, batches of {BATCH}, median of {rounds}; OpenCV {cv2.__version__}, {cores} cores")
    show(f"{'':32}{'0 workers':>11}{'1 worker':>11}{'2 workers':>11}{'x plain (2)':>13}")
    for name in contenders:
        row = "".join(f"{medians[name, workers]:11.0f}" for workers in (0, 1, 2))
        show(f"{name:32}{row}{medians[name, 2] / medians[PLAIN, 2]:13.2f}")
    small = load_imdb(path)
    for imdb in (small, full_size(small)):
        size = worker_megabytes(imdb, path.parent / "crops", pairs, PAIRS)
        show(f"private memory of a worker, imdb of {len(imdb):9,} instances: {size:6.1f} MB")


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
