"""Scoring at the size of the benchmarks: `python -m tests.bench.scores`.

One-pass evaluation: 100 sequences with the lengths of OTB-2015 (59,035 frames) x 10 trackers, boxes in
memory. In one run, taking turns, and checked to give the same curves:

- the plain loop of the tests, frame by frame and threshold by threshold, Python floats
- ours

VOT: 60 sequences of 21,455 frames x 15 repetitions that all differ, turned ground truth, boxes of the
tracker; and the same with a deterministic tracker's three equal runs. Beside it masks drawn one at a time,
on a sample.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.bench.frame import CORES, compare, cost, costs_in_turns, options, show
from tests.training.benchmark.overlap import plain_raster
from tests.training.benchmark.scores.test_protocols_theirs import slow_lasot
from training.benchmark.arrays import Array
from training.benchmark.scores.one_pass import Evaluation
from training.benchmark.scores.vot_scores import score_supervised
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.sequences.sequence_list import load_listing
from training.benchmark.trajectory import Trajectory

Results = list[dict[str, Array]]
NAMES = ("success", "precision", "norm_precision")
VOT_FRAMES, VOT_SEQUENCES, VOT_REPETITIONS = 21_455, 60, 15


def main() -> None:
    chosen = options(
        __doc__,
        ("--trackers", 10, "of one-pass evaluation", {}),
        ("--rounds", 5, "measurements of each, in turn", {}),
        ("--sample", 300, "frames whose masks are drawn one at a time", {}),
    )
    measure_ope(chosen.trackers, chosen.rounds)
    measure_vot(chosen.rounds, chosen.sample)


def measure_ope(trackers: int, rounds: int) -> None:
    sequences, results = make_ope(trackers)
    frames = sum(map(len, sequences)) * trackers
    contenders = {
        "ours": lambda: score_all(sequences, results),
        "plain loop": lambda: [loop_all(sequences, one) for one in results],
    }
    for ours, plain in zip(*(contender() for contender in contenders.values()), strict=True):
        for found, expected in zip(ours, zip(*plain, strict=True), strict=True):
            assert found.tolist() == list(expected)
    show(f"one-pass evaluation: {len(sequences)} sequences x {trackers} trackers, {frames:,} boxes")
    compare(costs_in_turns(contenders, rounds), frames, "us/box", "ours")


def score_all(sequences: list[Sequence], results: Results) -> list[list[Array]]:
    """Curves of each tracker: those of `NAMES`, a row a sequence."""
    evaluation = Evaluation(sequences)
    return [[evaluation.curves(one).values[name] for name in NAMES] for one in results]


def loop_all(sequences: list[Sequence], results: dict[str, Array]) -> list[tuple[list[float], ...]]:
    """The same of one tracker by the plain loop, whose rules for these data are those of `matlab`."""
    return [slow_lasot(results[one.name], one.annotation, np.zeros(len(one), bool)) for one in sequences]


def make_ope(trackers: int) -> tuple[list[Sequence], Results]:
    generator = np.random.default_rng(0)
    sequences, results = [], [{} for _ in range(trackers)]
    for entry in load_listing("otb2015").sequences:
        frames = (entry.rows or 0) - entry.lead_in
        corner = np.cumsum(generator.normal(0, 3, (frames, 2)), axis=0) % 500 + 10
        truth = np.concatenate([corner, generator.uniform(20, 90, (frames, 2))], axis=1).round()
        sequences.append(Sequence(entry.name, (), truth))
        for one in results:
            one[entry.name] = np.maximum(truth + generator.normal(0, 10, truth.shape), 1)
    return sequences, results


def measure_vot(rounds: int, sample: int) -> None:
    sequences, runs = make_vot()
    frames = VOT_FRAMES * VOT_REPETITIONS
    same = {name: one[:1] * 3 for name, one in runs.items()}
    contenders: dict[str, Callable[[], object]] = {
        f"{VOT_REPETITIONS} repetitions: all different": lambda: score_supervised(sequences, runs),
        "3 repetitions: all equal": lambda: score_supervised(sequences, same),
    }
    generator = np.random.default_rng(2)
    pairs = []
    for _ in range(sample):
        sequence = sequences[generator.integers(len(sequences))]
        frame = generator.integers(1, len(sequence))
        pairs.append((runs[sequence.name][0].regions[frame], sequence.annotation[frame]))
    masks = cost(lambda: [plain_raster.overlap(a, b, (1279, 719)) for a, b in pairs])
    show(f"\nVOT: {VOT_SEQUENCES} sequences, {VOT_FRAMES:,} frames, {frames:,} regions; {CORES} cores")
    compare(costs_in_turns(contenders, rounds), frames, "us/region", next(iter(contenders)))
    show(
        f"masks one at a time, from a sample of {sample}: {masks.seconds / sample * frames:.2f} s, "
        f"+{masks.megabytes:.0f} MB"
    )


def make_vot() -> tuple[list[Sequence], dict[str, list[Trajectory]]]:
    """Turned boxes of 30 to 160 pixels in frames of 1280 x 720, and trackers that hold on to them."""
    generator = np.random.default_rng(1)
    cuts = np.sort(generator.choice(np.arange(1, VOT_FRAMES // 40), VOT_SEQUENCES - 1, replace=False)) * 40
    lengths = np.diff([0, *cuts, VOT_FRAMES])
    sequences, runs = [], {}
    for i, frames in enumerate(lengths.tolist()):
        centres = generator.uniform([200, 150], [1000, 550], (frames, 2))
        sizes, angles = generator.uniform(30, 160, (frames, 2)), generator.uniform(0, 6.3, frames)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2 * sizes[:, None]
        turn = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], axis=1).reshape(
            -1, 2, 2
        )
        truth = (corners @ turn.transpose(0, 2, 1) + centres[:, None]).reshape(frames, 8).round(2)
        name = f"sequence{i}"
        sequences.append(Sequence(name, (), truth, base=0, listed_size=(1280, 720)))
        boxes = np.concatenate([centres - sizes / 2, sizes], axis=1)
        shape = (VOT_REPETITIONS, frames, 4)
        noisy = (boxes + generator.normal(0, 4, shape)).round(4)
        runs[name] = [Trajectory.from_boxes(one) for one in noisy]
    return sequences, runs


if __name__ == "__main__":
    main()
