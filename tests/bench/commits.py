"""This tree beside an earlier commit, in one run: `python -m tests.bench.commits --against 90719a3`.

Makes a clone of each and measures, taking turns, with the same packages:

- built-in: `dvc repro` of the whole built-in pipeline, from nothing
- no-op: `dvc repro` again, when nothing has changed
- crop: the crop stage of one subset (`python -m pipelines crop a`) with an empty store
- crop, finished earlier: the same with a full store

Prints medians of both and the ratio pair by pair. Let nothing else run beside it.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", default="90719a3", metavar="COMMIT", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="of the short measurements (%(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="of the whole pipeline (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_commits_") as name:
        trees = Tree(Path(name) / "now", "HEAD"), Tree(Path(name) / "before", options.against)
        show(f"HEAD beside {options.against}; {os.cpu_count()} cores, {platform.machine()}")
        show(f"{'what':<26}{'now s':>8}{'before s':>10}{'ratio':>8}   pair by pair")
        compare("built-in", trees, Tree.built_in, options.runs)
        compare("no-op", trees, Tree.no_op, options.rounds)
        compare("crop", trees, Tree.crop, options.rounds)
        compare("crop, finished earlier", trees, Tree.crop_again, options.rounds)


def compare(label: str, trees: tuple[Tree, Tree], measure: Callable[[Tree], float], rounds: int) -> None:
    pairs = [(measure(trees[0]), measure(trees[1])) for _ in range(rounds)]
    now, before = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    every = " ".join(f"{ratio:.2f}" for ratio in ratios)
    show(f"{label:<26}{now:>8.2f}{before:>10.2f}{statistics.median(ratios):>8.3f}   {every}")


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
