import numpy as np
import pytest

from tests.training.benchmark.builders import still, trajectory, vot_sequence
from training.benchmark.scores.accuracy import accuracy_robustness, frame_accuracy, mean_failures, pooled
from training.benchmark.scores.vot_scores import measure_runs
from training.benchmark.trajectory import Trajectory

TRUTH = still(12, (10, 10, 19, 19))  # 400 pixels
S1 = trajectory([1], *[[10, 10, 19, 15]] * 11)
S2 = trajectory([1], *[[10, 10, 19, 9]] * 2, [2], *[[0]] * 4, [1], *[[10, 10, 19, 11]] * 3)


def runs(*trajectories: list[Trajectory]) -> list:
    sequences = [vot_sequence(f"s{i}", TRUTH) for i in range(len(trajectories))]
    return measure_runs(sequences, {f"s{i}": one for i, one in enumerate(trajectories)})


def test_example_d() -> None:
    both = runs([S1], [S2])
    scores = accuracy_robustness(both, [{}, {}], burn_in=3)
    assert scores["accuracy"] == pytest.approx(0.78)  # (9 x .8 + .6) / 10
    assert scores["failures"] == 1
    assert scores["robustness"] == pytest.approx(4.1667, abs=1e-4)
    assert scores["failures_per_sequence"] == 0.5
    assert scores["reliability"] == pytest.approx(0.2865, abs=1e-4)
    assert accuracy_robustness(both, [{}, {}])["accuracy"] == pytest.approx(0.8)


def test_the_burn_in_counts_the_frame_of_the_start() -> None:
    (one,) = runs([S1])
    assert np.isnan(frame_accuracy(one)).tolist() == [True] * 10 + [False] * 2
    assert np.isnan(frame_accuracy(one, burn_in=1)).tolist() == [True] + [False] * 11


def test_repetitions_are_averaged_frame_by_frame() -> None:
    """A frame in which one repetition was not running counts with the others alone."""
    other = trajectory([1], *[[10, 10, 19, 9]] * 10, [2])
    (one,) = runs([S1, other])
    assert frame_accuracy(one, burn_in=1)[1:] == pytest.approx([0.65] * 10 + [0.8])
    assert mean_failures(one) == 0.5


def test_tags_reduce_the_run_before_the_burn_in() -> None:
    (one,) = runs([S1])
    tagged = np.zeros(12, dtype=bool)
    tagged[[0, 5, 6, 7]] = True
    assert np.isnan(frame_accuracy(one, tagged, burn_in=3)).tolist() == [True, True, True, False]
    without_start = tagged.copy()
    without_start[0] = False
    assert not np.isnan(frame_accuracy(one, without_start, burn_in=3)).any()


def test_tag_scores_are_weighted_by_their_frames() -> None:
    both = runs([S1], [S2])
    late, early = np.arange(12) >= 6, np.arange(12) < 6
    tags = [{"a": late, "b": early}, {"a": late, "b": np.zeros(12, dtype=bool)}]
    scores = accuracy_robustness(both, tags, burn_in=1)
    assert scores["tags"] == {
        "a": {"accuracy": pytest.approx((6 * 0.8 + 3 * 0.6) / 9), "failures": 0, "frames": 12},
        "b": {"accuracy": pytest.approx(0.8), "failures": 0, "frames": 6},
    }
    assert scores["accuracy_tags"] == pytest.approx((12 * (6.6 / 9) + 6 * 0.8) / 18)
    assert scores["robustness_tags"] == 0
    everywhere = [{"all": np.ones(12, dtype=bool)}] * 2
    assert accuracy_robustness(both, everywhere)["robustness_tags"] == 1


def test_sequence_means_are_weighted_by_length_and_empty_ones_count_zero() -> None:
    scores = accuracy_robustness(runs([S1], [S2]), [{}, {}])
    assert scores["accuracy_sequences"] == pytest.approx(0.4)
    assert scores["robustness_sequences"] == 0.5


def test_nothing_to_average_is_zero() -> None:
    assert pooled([np.array([np.nan])]) == 0
    assert pooled([]) == 0
