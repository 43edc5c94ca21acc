"""Worked examples A, B, C of the benchmarks' rules, and each difference between the protocols alone."""

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import PERFECT_AUC, boxes, sequence, still
from training.benchmark.scores.one_pass import sequence_curves
from training.benchmark.scores.one_pass_summary import summary
from training.benchmark.scores.protocols import PROTOCOLS, get_protocol, repair

ALL = ("matlab", "got10k", "pysot")


def score(result: np.ndarray, truth: np.ndarray, protocol: str, *, absent: bool = False) -> dict[str, float]:
    one = sequence("S", truth)
    curves = sequence_curves({"S": result}, [one], protocol, absent_rows=absent)
    return summary(curves, protocol=protocol)


@pytest.mark.parametrize("protocol", ALL)
def test_example_a(protocol: str) -> None:
    result = boxes([10, 10, 20, 20], [10, 10, 20, 20], [20, 10, 20, 20], [30, 10, 20, 20], [10, 10, 10, 20])
    scores = score(result, still(5), protocol)
    assert scores["auc"] == pytest.approx(0.542857, abs=1e-6)
    assert scores["op50"] == 0.4
    assert scores["norm_precision"] == 0.4
    curve = scores["curves"]["precision"]
    assert (curve[20], curve[19], curve[9]) == (1.0, 0.8, 0.6)
    success = scores["curves"]["success"]
    assert success == pytest.approx([0.8] * 7 + [0.6] * 3 + [0.4] * 10 + [0])


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("frames", [1, 2, 30])
def test_a_perfect_tracker(protocol: str, frames: int) -> None:
    scores = score(still(frames), still(frames), protocol)
    assert scores["auc"] == pytest.approx(0.952381, abs=1e-6)
    assert scores["dp20"] == scores["norm_precision"] == 1
    assert scores["op50"] == 1


@pytest.mark.parametrize(
    ("protocol", "auc", "dp20"),
    [("matlab", 0.952381, 1), ("got10k", 0.952381, 1), ("pysot", 0.920635, 0.966667)],
)
def test_example_b_a_wrong_first_frame(protocol: str, auc: float, dp20: float) -> None:
    result = still(30)
    result[0] = [200, 200, 20, 20]
    scores = score(result, still(30), protocol)
    assert scores["auc"] == pytest.approx(auc, abs=1e-6)
    assert scores["dp20"] == pytest.approx(dp20, abs=1e-6)


@pytest.mark.parametrize(
    ("protocol", "auc", "dp20"),
    [
        ("matlab", 3 / 4 * PERFECT_AUC, 1.0),
        ("pysot", 3 / 4 * PERFECT_AUC, 1.0),
        ("got10k", 3 / 4 * PERFECT_AUC, 0.75),
    ],
)
def test_example_c_an_invalid_truth(protocol: str, auc: float, dp20: float) -> None:
    truth = still(4)
    truth[3] = 0
    scores = score(still(4), truth, protocol)
    assert scores["auc"] == pytest.approx(auc)
    assert scores["dp20"] == dp20


@pytest.mark.parametrize(
    ("protocol", "success", "precision"),
    [("matlab", 0.75, 1.0), ("pysot", 0.75, 0.75), ("got10k", 1.0, 0.75)],
)
def test_a_truth_that_begins_left_of_the_image(protocol: str, success: float, precision: float) -> None:
    """x = -2: unusable for MATLAB; for pysot's precision only the centre matters; got10k takes it as is."""
    truth = still(4)
    truth[3] = [-2, 10, 20, 20]
    result = truth.copy()
    result[3, 1] += 30
    assert score(result, truth, protocol)["dp20"] == precision
    assert score(truth, truth, protocol)["auc"] == pytest.approx(success * PERFECT_AUC)


@pytest.mark.parametrize(
    ("protocol", "auc", "dp20"), [("matlab", 0.5, 1.0), ("pysot", 0.5, 1.0), ("got10k", 1, 1)]
)
def test_absent_targets(protocol: str, auc: float, dp20: float) -> None:
    """Misses for AUC and hits for DP; got10k leaves the frames out."""
    truth = still(4)
    truth[2:] = np.nan
    scores = score(still(4), truth, protocol, absent=True)
    assert scores["auc"] == pytest.approx(auc * PERFECT_AUC)
    assert scores["dp20"] == dp20
    assert scores["frames"] == (2 if protocol == "got10k" else 4)


def test_got10k_counts_nan_truth_where_it_does_not_mean_absence() -> None:
    truth = still(4)
    truth[2:] = np.nan
    scores = score(still(4), truth, "got10k")
    assert (scores["frames"], scores["dp20"]) == (4, 0.5)


def test_lost_boxes_are_repaired_by_matlab_alone() -> None:
    result = still(6)
    result[2] = np.nan
    result[3, 2] = 0
    result[4, 3] = -3
    assert score(result, still(6), "matlab")["auc"] == pytest.approx(PERFECT_AUC)
    for protocol in ("got10k", "pysot"):
        assert score(result, still(6), protocol)["auc"] == pytest.approx(0.5 * PERFECT_AUC)


def test_repair_copies_the_last_usable_box_of_the_same_sequence() -> None:
    result = boxes([1, 1, 5, 5], [np.nan] * 4, [2, 2, 0, 5], [3, 3, 5, 5], [0, 0, 0, 0], [9, 9, 5, -1])
    repaired = repair(result, still(6), np.array([0, 4]))
    assert repaired.tolist() == [
        [1, 1, 5, 5],
        [1, 1, 5, 5],
        [1, 1, 5, 5],
        [3, 3, 5, 5],
        [0, 0, 0, 0],  # the first box of a sequence stays, even without size
        [0, 0, 0, 0],
    ]
    assert np.isnan(result[1]).all()  # the argument is left as it was


def test_repair_leaves_frames_alone_whose_truth_has_a_nan() -> None:
    truth = still(3)
    truth[1, 2] = np.nan
    result = boxes([1, 1, 5, 5], [0, 0, 0, 0], [2, 2, 0, 0])
    assert repair(result, truth, np.array([0])).tolist() == [[1, 1, 5, 5], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_copied_box_is_the_first_as_reported_not_as_forced() -> None:
    """MATLAB repairs before it overwrites the first box with the truth."""
    result = still(2, (100, 100, 20, 20))
    result[1] = 0
    assert score(result, still(2), "matlab")["auc"] == pytest.approx(0.5 * PERFECT_AUC)


def test_a_curve_of_zeros_is_left_out_of_matlabs_mean() -> None:
    lost, truth = still(3, (300, 300, 5, 5)), still(3)
    truth[0] = [0, 10, 20, 20]  # the first frame is unusable, so that even it is a miss
    sequences = [sequence("lost", truth), sequence("found", still(3))]
    results = {"lost": lost, "found": still(3)}
    for protocol, share in (("matlab", 1.0), ("pysot", 0.5)):
        rules = get_protocol(protocol)
        scores = summary(sequence_curves(results, sequences, rules), protocol=rules)
        assert scores["auc"] == pytest.approx(share * PERFECT_AUC)


def test_overlap_outside_zero_to_one_is_clipped() -> None:
    """A box of negative size can give more than 1; got10k and pysot clip it, so that t = 1 fails."""
    result = boxes([10, 10, 20, 20], [10, 10, -30, -30])
    for protocol in ("got10k", "pysot"):
        assert score(result, still(2), protocol)["curves"]["success"][20] == 0


def test_no_protocol_changes_its_arguments() -> None:
    result, truth = still(5, (12, 12, 0, 20)), still(5)
    truth[4] = 0
    before = result.copy(), truth.copy()
    for protocol in PROTOCOLS:
        score(result, truth, protocol)
    assert np.array_equal(result, before[0])
    assert np.array_equal(truth, before[1])


def test_unknown_protocol_suggests() -> None:
    with pytest.raises(InputError, match=r"no protocol is named 'matlap'. Did you mean matlab"):
        get_protocol("matlap")
