"""Training pairs, side by side in one run: `python -m tests.bench.pairs`.

Generates search crops of 255 px (JPEG, quality 90, about 14 KB) as loose files and as shards, and measures,
taking turns, pairs a second in batches of 8 at the published sizes (exemplar 127, search 239) with 0, 1 and
2 workers:

- plain: the reference's dataset, written down here: nested lists of paths, imread, stretch by resizing, crop, float
- webdataset: the same steps, fed from the shards by webdataset: it reads a shard from start to end, so it decodes one
  crop for each pair, and its partner is one of those before it
- ours: `training.batches.pair_loader`, published augmentation; also with `train.pairs.both_ways`; and all augmentation

Then memory: the private bytes of each loader worker, with this imdb and with one of 1.78 M instances.
"""

from __future__ import annotations

import os
import random
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from curation.imdb import Imdb, load_imdb
from tests.bench.frame import CORES, PLAIN, megabytes, options, show, table, take_turns, texture
from tests.training.fabricate import fabricate
from training.batches.augmentation import NONE, AugmentationConfig
from training.batches.pair_dataset import PairDataset
from training.batches.pair_loader import load_batches
from training.batches.pairs import PairConfig, PairSampler

BATCH = 8
PAIRS = PairConfig(search_size=239)
BOTH_WAYS = replace(PAIRS, both_ways=True)
PUBLISHED = replace(NONE, stretch=0.05, shift=4.0)
EVERYTHING = AugmentationConfig(stretch=0.05, scale=0.1, shift=16.0, flip=0.5, blur=0.3, grey=0.1)

LAYERS = ((4, 40), (16, 30), (64, 15), (255, 6))
FULL_SIZE = 1_780_000
"""Instances of ILSVRC15 VID's imdb (MEASURED)."""


def generate(root: Path, videos: int, frames: int) -> tuple[Path, dict[str, list[list[str]]]]:
    """The same crops twice: shards with their imdb, and loose files with the reference's nested lists."""
    path = fabricate(
        root,
        "train",
        videos=videos,
        frames=range(frames),
        tracks=1,
        crop_size=255,
        header={"exemplar_size": 127},
        texture=lambda generator, side, _: texture(generator, (side, side), LAYERS),
    )
    index = {}
    for shard in sorted((root / "crops/a").glob("*.tar")):
        with tarfile.open(shard) as archive:
            archive.extractall(root / "loose" / shard.stem, filter="data")
        index[shard.stem] = [[str(file) for file in sorted((root / "loose" / shard.stem).rglob("*.jpg"))]]
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
        return views(exemplar, search)


def views(exemplar: Any, search: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The reference's transforms of two crops."""
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


def by_webdataset(shards: list[str], pairs: int, workers: int) -> Iterator[Any]:
    import webdataset

    def paired(samples: Iterator[dict[str, Any]]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        before: list[Any] = []
        video = ""
        for sample in samples:
            if (its := sample["__key__"].rpartition("/")[0]) != video:
                video, before = its, []
            if before:
                yield views(random.choice(before), sample["x.jpg"])
            before.append(sample["x.jpg"])

    dataset = webdataset.WebDataset(shards, resampled=True, shardshuffle=False).decode("rgb8").compose(paired)
    epoch = dataset.with_epoch(pairs // max(workers, 1))
    return iter(DataLoader(epoch, batch_size=BATCH, num_workers=workers))


def ours(
    path: Path, pairs: int, workers: int, augmentation: AugmentationConfig, config: PairConfig = PAIRS
) -> Iterator[Any]:
    sampler = PairSampler(load_imdb(path), path.parent / "crops", config, name=path.name)
    dataset = PairDataset(sampler, config, augmentation, seed=0, batch=BATCH, steps=pairs // BATCH)
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
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            with suppress(OSError):  # it has just ended
                largest = max(largest, megabytes("Private", file=f"/proc/{child}/smaps_rollup"))
    return largest


def main() -> None:
    chosen = options(
        __doc__,
        ("--pairs", 1600, "pairs of one measurement", {}),
        ("--rounds", 5, "measurements of each, in turn", {}),
    )
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="bench_pairs_") as name:
        path, index = generate(Path(name), videos=40, frames=50)
        measure(path, index, chosen.pairs, chosen.rounds)


def measure(path: Path, index: dict[str, list[list[str]]], pairs: int, rounds: int) -> None:
    shards = sorted(str(shard) for shard in (path.parent / "crops").rglob("*.tar"))
    contenders: dict[str, Callable[[int], Iterator[Any]]] = {
        PLAIN: lambda workers: plain(index, pairs, workers),
        "webdataset": lambda workers: by_webdataset(shards, pairs, workers),
        "ours, published augmentation": lambda workers: ours(path, pairs, workers, PUBLISHED),
        "ours, both ways": lambda workers: ours(path, pairs, workers, PUBLISHED, BOTH_WAYS),
        "ours, all augmentation": lambda workers: ours(path, pairs, workers, EVERYTHING),
    }

    def rates(workers: int) -> dict[str, float]:
        """Medians, taking turns."""
        turns = {name: lambda f=function: rate(f(workers), pairs) for name, function in contenders.items()}
        return {name: statistics.median(found) for name, found in take_turns(turns, rounds).items()}

    medians = [rates(workers) for workers in (0, 1, 2)]
    show(f"pairs/s, batches of {BATCH}, median of {rounds}; OpenCV {cv2.__version__}, {CORES} cores")
    table(
        ["", "0 workers", "1 worker", "2 workers", "x plain (2)"],
        *(
            [
                name,
                *(f"{found[name]:.0f}" for found in medians),
                f"{medians[2][name] / medians[2][PLAIN]:.2f}",
            ]
            for name in contenders
        ),
    )
    small = load_imdb(path)
    for imdb in (small, full_size(small)):
        size = worker_megabytes(imdb, path.parent / "crops", pairs, PAIRS)
        show(f"private memory of a worker, imdb of {len(imdb):9,} instances: {size:6.1f} MB")


if __name__ == "__main__":
    main()
