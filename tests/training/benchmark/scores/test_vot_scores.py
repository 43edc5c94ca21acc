import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.benchmark.builders import boxes, still, trajectory, vot_sequence
from training.benchmark.problems import FolderError
from training.benchmark.scores.eao import EAO_SUMS
from training.benchmark.scores.vot_rules import VotRules
from training.benchmark.scores.vot_scores import measure_runs, score_supervised, score_unsupervised
from training.benchmark.trajectory import Trajectory

TRUTH = still(12, (10, 10, 19, 19))
S1 = trajectory([1], *[[10, 10, 19, 15]] * 11)
S2 = trajectory([1], *[[10, 10, 19, 9]] * 2, [2], *[[0]] * 4, [1], *[[10, 10, 19, 11]] * 3)


def test_example_d_from_end_to_end() -> None:
    sequences = [vot_sequence("s1", TRUTH), vot_sequence("s2", TRUTH)]
    scores = score_supervised(sequences, {"s1": [S1], "s2": [S2]}, VotRules((3, 6)))
    overall = scores["overall"]
    assert overall["eao"] == pytest.approx(0.559028, abs=1e-6)
    assert overall["accuracy"] == pytest.approx(0.8)
    assert overall["robustness"] == pytest.approx(4.1667, abs=1e-4)
    assert overall["ar_point"] == pytest.approx([0.2865, 0.8], abs=1e-4)
    assert (overall["interval"], overall["rule"], overall["bounds"]) == ([3, 6], "vot2016", "frame-1")
    assert len(overall["eao_curve"]) == 12
    second = scores["sequences"]["s2"]
    sums = [scores["sequences"][name].pop("curves") for name in ("s1", "s2")]
    assert second == {"accuracy": 0, "failures": 1, "frames": 12, "repetitions": 1}
    total, weight = (np.sum([one[key] for one in sums], axis=0) for key in EAO_SUMS)
    np.testing.assert_allclose(total / weight, overall["eao_curve"][2:6])


def test_sequences_shorter_than_the_interval_have_no_eao() -> None:
    scores = score_supervised([vot_sequence("s1", TRUTH)], {"s1": [S1]})
    assert scores["overall"]["eao"] is None


def test_equal_repetitions_change_nothing() -> None:
    sequences = [vot_sequence("s1", TRUTH), vot_sequence("s2", TRUTH)]
    once = score_supervised(sequences, {"s1": [S1], "s2": [S2]}, VotRules((2, 12)))
    often = score_supervised(sequences, {"s1": [S1] * 15, "s2": [S2] * 3}, VotRules((2, 12)))
    for key in ("eao", "accuracy", "failures", "robustness"):
        assert often["overall"][key] == pytest.approx(once["overall"][key])


@given(st.permutations(range(4)))
def test_the_order_of_sequences_is_irrelevant(order: list[int]) -> None:
    sequences = [vot_sequence(f"s{i}", TRUTH) for i in range(4)]
    runs = {"s0": [S1], "s1": [S2], "s2": [S2, S1], "s3": [S1]}
    straight = score_supervised(sequences, runs, VotRules((2, 12)))["overall"]
    mixed = score_supervised([sequences[i] for i in order], runs, VotRules((2, 12)))["overall"]
    for key in ("eao", "accuracy", "failures", "accuracy_sequences"):
        assert mixed[key] == pytest.approx(straight[key])


def test_every_run_of_the_wrong_length_is_listed() -> None:
    sequences = [vot_sequence("s1", TRUTH), vot_sequence("s2", TRUTH)]
    short = trajectory([1], [10, 10, 19, 19])
    with pytest.raises(FolderError) as caught:
        measure_runs(sequences, {"s1": [S1, short], "s2": [short]})
    assert [line.split(".")[0] for line in caught.value.problems] == [
        "s1, run 2: 2 rows, but 12 frames",
        "s2, run 1: 2 rows, but 12 frames",
    ]


def test_tags_have_their_own_scores() -> None:
    tags = {"occlusion": np.arange(12) >= 6, "empty": np.arange(12) < 6}
    scores = score_supervised([vot_sequence("s1", TRUTH, tags=tags)], {"s1": [S1]}, VotRules((2, 12)))
    assert scores["tags"]["occlusion"]["eao"] == pytest.approx(0.8)
    assert scores["tags"]["occlusion"]["frames"] == 6
    assert set(scores["tags"]) == {"occlusion", "empty"}


def test_unsupervised_counts_frames_without_a_region_as_zero() -> None:
    sequence = vot_sequence("s", still(4, (10, 10, 19, 19)))
    run = Trajectory.from_boxes(boxes([0, 0, 1, 1], [10, 10, 19, 15], [10, 10, 19, 19], [80, 80, 9, 9]))
    scores = score_unsupervised([sequence], {"s": [run]})
    assert scores["overall"]["ao"] == pytest.approx((0 + 0.8 + 1 + 0) / 4)
    assert scores["sequences"]["s"] == {"ao": pytest.approx(0.45), "frames": 4}
    lost = score_unsupervised([sequence], {"s": [trajectory([1], [0], [0], [0])]})
    assert lost["overall"]["ao"] == 0


def test_unsupervised_pools_frames() -> None:
    long, short = vot_sequence("long", still(9)), vot_sequence("short", still(1))
    runs = {"long": [Trajectory.from_boxes(still(9))], "short": [Trajectory.from_boxes(still(1))]}
    assert score_unsupervised([long, short], runs)["overall"]["ao"] == pytest.approx(0.8)
