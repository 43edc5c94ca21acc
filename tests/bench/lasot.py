"""A score of LaSOT's test set from files: `python -m tests.bench.lasot`.

The real boxes of the 280 test sequences (../shared/data/annotations; 685,360 frames), with made-up results of ten
trackers written as text, four decimals. In a process of its own, as `evaluate` does it: the annotations read, every
result read and checked, all scored. Beside it the plain loop of the tests, frame by frame and threshold by threshold,
which reads its lines with `float`: on one tracker, times ten. Both give the same numbers of every sequence.
"""

from __future__ import annotations

import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import orjson

from tests.bench.frame import LASOT_BOXES, fresh, options, show, table
from tests.bench.memory import megabytes
from tests.training.benchmark.scores.test_protocols_theirs import slow_lasot
from training.benchmark.score import score_benchmark
from training.benchmark.scores.score_file import load_scores, save_scores
from training.benchmark.sequences.benchmark_loader import load_benchmark

CURVES = ("success", "precision", "norm_precision")


def main() -> None:
    chosen = options(
        __doc__, ("--trackers", 10, "whose results are made up", {}), ("--rounds", 3, "measurements", {})
    )
    if not LASOT_BOXES.is_file():
        show(f"left out: {LASOT_BOXES} is not here")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with tarfile.open(LASOT_BOXES) as tar:
            tar.extractall(home, filter="data")
        frames = make_results(home, chosen.trackers)
        show(f"LaSOT's test set: {frames:,} frames x {chosen.trackers} trackers, from text files")
        found = [fresh("tests.bench.lasot:score_all", home) for _ in range(chosen.rounds)]
        one, most = fresh("tests.bench.lasot:loop_one", home)
    plain = chosen.trackers * one
    rows = [["plain loop, one tracker's time x trackers", f"{plain:.1f}", "", "", f"{most:.0f}", ""]]
    for seconds, loading, memory in found:
        words = (f"{seconds:.2f}", f"{loading:.2f}", f"{seconds - loading:.2f}", f"{memory:.0f}")
        rows.append(["ours", *words, f"{plain / seconds:.1f}"])
    table(["", "seconds", "annotations", "results", "peak MB", "times faster"], *rows)


def make_results(home: Path, trackers: int) -> int:
    """Write results that drift from the truth, each tracker's further; the number of frames."""
    generator = np.random.default_rng(0)
    benchmark = load_benchmark("lasot", [home / "annos"], images=False)
    for tracker in range(trackers):
        folder = home / "results" / f"tracker{tracker}"
        folder.mkdir(parents=True)
        for one in benchmark.sequences:
            boxes = one.annotation + generator.normal(0, 4 * (tracker + 1), one.annotation.shape)
            boxes[:, 2:] = np.abs(boxes[:, 2:]) + 1
            lines = orjson.dumps(boxes.round(4), option=orjson.OPT_SERIALIZE_NUMPY)
            (folder / f"{one.name}.txt").write_bytes(lines[2:-2].replace(b"],[", b"\n") + b"\n")
    return sum(map(len, benchmark.sequences))


def score_all(home: str) -> tuple[float, float, float]:
    """Seconds of all, those of the annotations, most memory in MB. The scores lie beside the results."""
    start = time.perf_counter()
    benchmark = load_benchmark("lasot", [Path(home) / "annos"], images=False)
    loaded = time.perf_counter()
    scores = score_benchmark(benchmark, Path(home) / "results")
    end = time.perf_counter()
    memory = megabytes("VmHWM")
    save_scores(Path(home) / "scores.json", [scores])
    return end - start, loaded - start, memory


def loop_one(place: str) -> tuple[float, float]:
    """The plain loop over the first tracker's files: seconds, most memory in MB. Checked to give our curves of all."""
    home = Path(place)
    names = (home / "sequence_evaluation_config/testing_set.txt").read_text().split()
    curves = {}
    start = time.perf_counter()
    for name in names:
        truth, result = (
            np.array([[float(word) for word in line.split(",")] for line in path.read_text().splitlines()])
            for path in (home / "annos" / f"{name}.txt", home / "results/tracker0" / f"{name}.txt")
        )
        flags = (home / "annos/absent" / f"{name}.txt").read_text().replace(",", " ").split()
        curves[name] = slow_lasot(result, truth, np.array([flag == "1" for flag in flags]))
    seconds, memory = time.perf_counter() - start, megabytes("VmHWM")
    ours = load_scores(home / "scores.json")["lasot"].trackers["tracker0"].sequences
    for name, plain in curves.items():
        for curve, expected in zip(CURVES, plain, strict=True):
            assert ours[name].curves[curve] == expected, f"{name}: {curve}"
    return seconds, memory


if __name__ == "__main__":
    main()
