"""Commands alone and beside other busy processes: `python -m tests.bench.sharing`.

Each runs whole, in a clone of this commit: training, the online tracker following a clip, cropping. It runs alone, and
beside as many processes as there are cores, each computing without a pause; half of the machine is then a fair share.
Threads of torch wait for each other in one of several ways, by environment variables that libgomp reads as it loads.
The ways take turns. Prints medians of seconds, the speed beside
the others as a share of the speed alone, and the most memory of the command and all processes below it, alone.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import training
from tests.bench.commits import MEASURES, measured, tree
from tests.bench.frame import CORES, Cost, options, show, table, take_turns
from tests.pipelines.clone import Clone

WAYS = {
    "as set here": training.WAITING,
    "spinning, libgomp's default": {"GOMP_SPINCOUNT": "300000"},
    "sleeping at once": {"GOMP_SPINCOUNT": "0"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
"""Ways in which torch's threads may wait for each other."""

PREPARED = ("train.epochs=1", "train.pairs.per_epoch=384", "crop.search_size=1023")

CLIP = "data/sample/sequences/OTB/Duet/img"
FOLLOW = f"python -m pipelines follow {CLIP} --box 143,18,53,56 --tracker online --force".split()

COMMANDS: dict[str, Callable[[Clone], Cost]] = {
    "train": lambda clone: measured(clone, "python", "-m", "pipelines", "train", without=("models",)),
    "follow": lambda clone: measured(clone, *FOLLOW),
    "crop": MEASURES["crop"],
}


def prepared(folder: Path) -> Clone:
    """A clone with an imdb of the built-in videos, cut as always, and parameters for the measurements."""
    clone = tree(folder, "HEAD")
    clone.run("dvc", "repro", "imdb", "sample@sequences")
    clone.pipelines("profile", "--set", *PREPARED)
    return clone


def one(clone: Clone, command: str, way: str) -> Cost:
    """What a command costs whose threads wait in that way."""
    clone.environment = dict(WAYS[way])
    return COMMANDS[command](clone)


@contextmanager
def beside(busy: int) -> Iterator[None]:
    """As many other processes as said, each computing without a pause."""
    others = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(busy)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.terminate()
            other.join()


def _spin() -> None:
    number = 0
    while True:
        number += 1


def main() -> None:
    chosen = options(
        __doc__,
        ("--rounds", 3, "of each way, in turn", {}),
        ("--commands", list(COMMANDS), "to run", {"type": str, "nargs": "+", "choices": COMMANDS}),
    )
    with tempfile.TemporaryDirectory(prefix="bench_sharing_") as name:
        clone = prepared(Path(name) / "clone")
        show(f"seconds of a command; {CORES} cores; median of {chosen.rounds}")
        rows = []
        for command in chosen.commands:
            ways = {way: partial(one, clone, command, way) for way in WAYS}
            alone = take_turns(ways, chosen.rounds)
            with beside(CORES):
                shared = take_turns(ways, chosen.rounds)
            for way in WAYS:
                a, b = (statistics.median(turn.seconds for turn in found[way]) for found in (alone, shared))
                most = max(turn.megabytes for turn in alone[way])
                rows.append([command, way, f"{a:.1f}", f"{b:.1f}", f"{a / b:.2f}", f"{most:.0f}"])
        table(["", "threads", "alone", f"beside {CORES}", "share", "MB"], *rows)


if __name__ == "__main__":
    main()
