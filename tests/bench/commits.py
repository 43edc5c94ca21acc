"""This tree beside an earlier commit, in one run: `python -m tests.bench.commits --against 90719a3`.

Makes a clone of each and measures, taking turns, with the same packages:

- built-in: `dvc repro` of the whole built-in pipeline, from nothing
- no-op: `dvc repro` again, when nothing has changed
- crop: the crop stage of one subset (`python -m pipelines crop a`) with an empty store
- crop, finished earlier: the same with a full store

Prints medians of both and the ratio pair by pair. Let nothing else run beside it.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.frame import CORES, options, show, table, take_turns

ROOT = Path(__file__).parents[2]


class Tree:
    """A clone of one commit, in which the built-in pipeline has run."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.folder = folder
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        self.run("git", "checkout", "-q", commit)
        # A state and a site cache of its own: DVC remembers digests of files for all clones of a user.
        self.run("dvc", "config", "--local", "core.site_cache_dir", str(folder / ".dvc/site"))

    def run(self, *command: str) -> float:
        """Seconds that a command takes."""
        here = str(Path(sys.executable).parent)
        environment = {
            **os.environ,
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
        }
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} in {self.folder}:\n{done.stdout}\n{done.stderr}")
        return time.perf_counter() - start

    def built_in(self) -> float:
        for name in ("data/.store", "data/.state", "models", ".dvc/cache", ".dvc/tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.run("dvc", "repro", "-f")

    def no_op(self) -> float:
        return self.run("dvc", "repro")

    def crop(self) -> float:
        shutil.rmtree(self.folder / "data/.store/crops", ignore_errors=True)
        return self.crop_again()

    def crop_again(self) -> float:
        shutil.rmtree(self.folder / "data/crops/a", ignore_errors=True)
        return self.run("python", "-m", "pipelines", "crop", "a")


def main() -> None:
    chosen = options(
        __doc__,
        ("--against", "90719a3", "the earlier commit", {"metavar": "COMMIT"}),
        ("--rounds", 7, "of the short measurements", {}),
        ("--runs", 1, "of the whole pipeline", {}),
    )
    with tempfile.TemporaryDirectory(prefix="bench_commits_") as name:
        trees = {
            "now": Tree(Path(name) / "now", "HEAD"),
            "before": Tree(Path(name) / "before", chosen.against),
        }
        show(f"HEAD beside {chosen.against}; {CORES} cores, {platform.machine()}")
        measures = {
            "built-in": (Tree.built_in, chosen.runs),
            "no-op": (Tree.no_op, chosen.rounds),
            "crop": (Tree.crop, chosen.rounds),
            "crop, finished earlier": (Tree.crop_again, chosen.rounds),
        }
        table(
            ["", "now s", "before s", "ratio", "pair by pair"],
            *([label, *compare(trees, measure, rounds)] for label, (measure, rounds) in measures.items()),
        )


def compare(trees: dict[str, Tree], measure: Callable[[Tree], float], rounds: int) -> list[str]:
    """Medians of both, and the median of the ratios pair by pair, and all of these."""
    found = take_turns({name: partial(measure, tree) for name, tree in trees.items()}, rounds)
    now, before = found["now"], found["before"]
    ratios = sorted(a / b for a, b in zip(now, before, strict=True))
    numbers = [f"{statistics.median(times):.2f}" for times in (now, before)]
    every = " ".join(f"{ratio:.2f}" for ratio in ratios)
    return [*numbers, f"{statistics.median(ratios):.3f}", every]


if __name__ == "__main__":
    main()
