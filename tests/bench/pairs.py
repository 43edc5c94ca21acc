"""Training pairs, side by side in one run: `python -m tests.bench.pairs`.

Generates search crops of 255 px (JPEG, quality 90, about 14 KB) as loose files and as shards, and measures pairs a
second in batches of 8 at the published sizes (exemplar 127, search 239) with 0, 1 and 2 loader workers, for the readers
that `pair_readers` lists and describes: the reference's, ours, and those of other packages where they are installed.
Each turn of a reader is a process of its own. Beside each figure is the memory of that process and its workers together
(Pss), the most that was seen while further batches were loaded.

Then the private bytes of each of our loader workers, with this imdb and with one of 1.78 M instances.

torchvision, and LitData which needs it, want another torch than the project pins. All readers run side by side in an
environment of their own:

    python -m venv .readers
    .readers/bin/pip install torch==2.14.1 torchvision==0.29.1 got10k==0.1.3 six litdata==0.2.76 webdataset==1.0.2
    .readers/bin/pip install opencv-python orjson pydantic tqdm
    .readers/bin/python -m tests.bench.pairs
"""

from __future__ import annotations

import importlib.metadata
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from curation.imdb import Imdb, load_imdb
from tests.bench.frame import CORES, PLAIN, fresh, options, show, table, take_turns
from tests.bench.memory import megabytes, watched
from tests.bench.pair_data import PairData, generate
from tests.bench.pair_readers import BATCH, EVERYTHING, PAIRS, READERS
from training.batches.pair_dataset import PairDataset
from training.batches.pair_loader import load_batches
from training.batches.pairs import PairConfig, PairSampler

WORKERS = (0, 1, 2)

FULL_SIZE = 1_780_000
"""Instances of ILSVRC15 VID's imdb (MEASURED)."""


def rate(batches: Iterator[Any], pairs: int) -> float:
    """Pairs a second once the first batches have come, so that the start of workers is not counted."""
    skipped = 8
    for _ in range(skipped):
        next(batches)
    start = time.perf_counter()
    for _ in batches:
        pass
    return (pairs - skipped * BATCH) / (time.perf_counter() - start)


def turn(name: str, place: str, pairs: int) -> list[tuple[float, float]]:
    """In a process of its own: pairs a second and MB of memory of a reader, for each number of workers."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    reader, data = READERS[name], PairData(Path(place))
    found = []
    for workers in WORKERS:
        fast = rate(reader.batches(data, pairs, workers), pairs)
        batches = reader.batches(data, pairs, workers)
        _, _, most = watched(lambda batches=batches: list(islice(map(len, batches), pairs // BATCH // 4)))  # type: ignore[misc]
        del batches  # ends its workers
        found.append((fast, most))
    return found


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
    missing = {name: reader.missing() for name, reader in READERS.items()}
    with tempfile.TemporaryDirectory(prefix="bench_pairs_") as name:
        data = generate(Path(name), videos=40, frames=50)
        here = [name for name, why in missing.items() if not why]
        for name in here:
            READERS[name].prepare(data, chosen.pairs)
        compare(data, here, chosen.pairs, chosen.rounds)
        for name, why in missing.items():
            if why:
                show(f"not measured: {name}. {why}")
        show_workers(data, chosen.pairs)


def compare(data: PairData, names: list[str], pairs: int, rounds: int) -> None:
    """The table: medians of pairs a second, the most memory."""
    turns = {name: partial(fresh, "tests.bench.pairs:turn", name, data.folder, pairs) for name in names}
    found = take_turns(turns, rounds)
    rates = {
        name: [statistics.median(one[at][0] for one in turns) for at in range(len(WORKERS))]
        for name, turns in found.items()
    }
    packages = sorted({package for name in names for package in READERS[name].packages})
    versions = "".join(f", {package} {importlib.metadata.version(package)}" for package in packages)
    show(
        f"pairs/s, batches of {BATCH}, median of {rounds}; {CORES} cores; "
        f"torch {torch.__version__}, OpenCV {cv2.__version__}{versions}"
    )
    heads = [head for workers in WORKERS for head in (f"{workers} worker{'s' * (workers != 1)}", "MB")]
    rows = []
    for name, turns in found.items():
        most = [max(one[at][1] for one in turns) for at in range(len(WORKERS))]
        cells = [cell for pair in zip(rates[name], most, strict=True) for cell in map("{:.0f}".format, pair)]
        rows.append([name, *cells, f"{rates[name][-1] / rates[PLAIN][-1]:.2f}"])
    table(["", *heads, f"x plain ({WORKERS[-1]})"], *rows)


def show_workers(data: PairData, pairs: int) -> None:
    """Private memory of our loader workers, by the size of the imdb."""
    small = load_imdb(data.imdb)
    for imdb in (small, full_size(small)):
        size = worker_megabytes(imdb, data.folder / "crops", pairs, PAIRS)
        show(f"private memory of a worker, imdb of {len(imdb):9,} instances: {size:6.1f} MB")


if __name__ == "__main__":
    main()
