"""This tree beside an earlier commit, in one run: `python -m tests.bench.commits --against 90719a3`.

Makes a clone of each and measures, taking turns, with the same packages:

- built-in: `dvc repro` of the whole built-in pipeline, from nothing
- no-op: `dvc repro` again, when nothing has changed
- crop: the crop stage of one subset (`python -m pipelines crop a`) with an empty store
- crop, finished earlier: the same with a full store

Prints medians of both, the most memory of the command and all processes below it, and the ratio pair by pair. Let
nothing else run beside it.
"""

from __future__ import annotations

import platform
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.frame import CORES, Cost, cost, options, show, table, take_turns
from tests.pipelines.clone import ROOT, Clone


def tree(folder: Path, commit: str) -> Clone:
    """A clone of one commit. DVC remembers digests for all clones of a user: this one has a site cache of its own."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    clone = Clone(folder)
    clone.run("git", "checkout", "-q", commit)
    clone.run("dvc", "config", "--local", "core.site_cache_dir", str(folder / ".dvc/site"))
    return clone


def measured(clone: Clone, *command: str, without: tuple[str, ...] = ()) -> Cost:
    """What a command costs, once those folders are gone."""
    for name in without:
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    return cost(lambda: clone.run(*command))


EVERYTHING = ("data/.store", "data/.state", "models", ".dvc/cache", ".dvc/tmp")
CROP = ("python", "-m", "pipelines", "crop", "a")
MEASURES: dict[str, Callable[[Clone], Cost]] = {
    "built-in": lambda clone: measured(clone, "dvc", "repro", "-f", without=EVERYTHING),
    "no-op": lambda clone: measured(clone, "dvc", "repro"),
    "crop": lambda clone: measured(clone, *CROP, without=("data/.store/crops", "data/crops/a")),
    "crop, finished earlier": lambda clone: measured(clone, *CROP, without=("data/crops/a",)),
}


def main() -> None:
    chosen = options(
        __doc__,
        ("--against", "90719a3", "the earlier commit", {"metavar": "COMMIT"}),
        ("--rounds", 7, "of the short measurements", {}),
        ("--runs", 1, "of the whole pipeline", {}),
    )
    with tempfile.TemporaryDirectory(prefix="bench_commits_") as name:
        trees = {
            "now": tree(Path(name) / "now", "HEAD"),
            "before": tree(Path(name) / "before", chosen.against),
        }
        show(f"HEAD beside {chosen.against}; {CORES} cores, {platform.machine()}")
        rows = []
        for label, measure in MEASURES.items():
            rounds = chosen.runs if label == "built-in" else chosen.rounds
            rows.append([label, *compare(trees, measure, rounds)])
        table(["", "now s", "before s", "now MB", "before MB", "ratio", "pair by pair"], *rows)


def compare(trees: dict[str, Clone], measure: Callable[[Clone], Cost], rounds: int) -> list[str]:
    """Medians of both, the most memory of both, the median of the ratios pair by pair, and all of these."""
    found = take_turns({name: partial(measure, clone) for name, clone in trees.items()}, rounds)
    now, before = found["now"], found["before"]
    ratios = sorted(a.seconds / b.seconds for a, b in zip(now, before, strict=True))
    numbers = [f"{statistics.median(turn.seconds for turn in turns):.2f}" for turns in (now, before)]
    numbers += [f"{max(turn.megabytes for turn in turns):.0f}" for turns in (now, before)]
    every = " ".join(f"{ratio:.2f}" for ratio in ratios)
    return [*numbers, f"{statistics.median(ratios):.3f}", every]


if __name__ == "__main__":
    main()
