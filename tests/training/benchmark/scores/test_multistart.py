"""The multistart scores against the toolkit's own loops, written out; `test_peers_vot` runs the toolkit itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.benchmark.builders import still, vot_sequence
from training.benchmark.arrays import Array
from training.benchmark.scores.multistart import score_multistart
from training.benchmark.scores.vot_rules import VotRules
from training.benchmark.sequences.anchors import spread_anchors
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import Trajectory

RULES = VotRules((8, 40), overlap="vot-toolkit")


def filmed(name: str, frames: int) -> Sequence:
    truth = still(frames)
    return vot_sequence(name, truth, anchors=spread_anchors(truth))


def runs(sequence: Sequence, overlaps: list[Array]) -> list[Trajectory]:
    """Boxes of the full width of the truth, 20 x 20 pixels, as high as their overlap wants."""
    made = []
    for anchor, values in zip(sequence.anchors, overlaps, strict=True):
        boxes = still(len(anchor.rows(len(sequence))))
        boxes[:, 3] = np.round(20 * values)
        boxes[boxes[:, 3] == 0] = [50, 50, 20, 20]
        made.append(Trajectory.from_boxes(boxes))
    return made


def slowly(overlaps: list[list[Array]], lengths: list[int]) -> tuple[float, float, float]:
    """EAO, accuracy, robustness by plain loops; each run's first overlap is 0."""
    low, high = RULES.lengths
    phi, active = [0.0] * high, [0] * high
    sums: list[tuple[float, int, int]] = []
    for sequence in overlaps:
        accuracy, robustness, total = 0.0, 0, 0
        for run in sequence:
            o, grace, progress = list(run), 10, len(run)
            for j, value in enumerate(o):
                grace = grace - 1 if value <= 0.1 else 10
                if grace == 0:
                    progress = j - 9
                    break
            accuracy += sum(o[:progress])
            robustness += progress
            total += len(o)
            o[progress:] = [0.0] * (len(o) - progress)
            for j in range(1, high):
                if j < len(o):
                    phi[j] += sum(o[1 : j + 1]) / j
                    active[j] += 1
                elif progress < len(o):
                    phi[j] += sum(o[1:]) / (j - 1)
                    active[j] += 1
        sums.append((accuracy, robustness, total))
    curve = [p / a if a else 0 for p, a in zip(phi, active, strict=True)]
    tracked = sum(robustness for _, robustness, _ in sums)
    shares = [n * robustness / total for n, (_, robustness, total) in zip(lengths, sums, strict=True)]
    return (
        float(np.mean(curve[low : high + 1])),
        sum(accuracy for accuracy, _, _ in sums) / tracked if tracked else 0.0,
        sum(shares) / sum(lengths),
    )


@given(st.lists(st.integers(11, 70), min_size=1, max_size=3), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_they_are_those_of_plain_loops(lengths: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    films = [filmed(f"s{number}", frames) for number, frames in enumerate(lengths)]
    values = []
    for film in films:
        per_run = []
        for anchor in film.anchors:
            frames = len(anchor.rows(len(film)))
            lost = np.cumsum(generator.random(frames) < 0.05) % 2 == 1
            per_run.append(np.where(lost, 0.0, generator.integers(4, 21, frames) / 20))
        values.append(per_run)
    found = score_multistart(
        films, {film.name: runs(film, v) for film, v in zip(films, values, strict=True)}, RULES
    )
    for per_run in values:
        for run in per_run:
            run[0] = 0
    overall = found["overall"]
    mine = [overall["multistart_eao"], overall["multistart_accuracy"], overall["multistart_robustness"]]
    assert mine[1:] == pytest.approx(slowly(values, lengths)[1:], abs=1e-12)
    assert (mine[0] or 0.0) == pytest.approx(slowly(values, lengths)[0], abs=1e-12)


def test_a_perfect_tracker() -> None:
    """The first frame of a run counts as 0 for accuracy, and not for EAO."""
    film = filmed("s", 60)
    perfect = runs(film, [np.ones(len(anchor.rows(60))) for anchor in film.anchors])
    overall = score_multistart([film], {"s": perfect}, RULES)["overall"]
    frames = sum(map(len, perfect))
    assert overall["multistart_accuracy"] == pytest.approx((frames - len(perfect)) / frames)
    assert overall["multistart_robustness"] == 1
    assert overall["multistart_eao"] == pytest.approx(1)


def test_without_a_run_as_long_as_the_interval_there_is_no_eao() -> None:
    film = filmed("s", 6)
    found = score_multistart([film], {"s": runs(film, [np.ones(6)] * 2)}, RULES)
    assert found["overall"]["multistart_eao"] is None
