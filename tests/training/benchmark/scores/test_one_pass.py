import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from tests.training.benchmark.builders import PERFECT_AUC, benchmark, sequence, slow_matlab, still
from training.benchmark.scores.one_pass import Curves, fit_length, rules_for, sequence_curves
from training.benchmark.scores.one_pass_summary import score_tracker, summary
from training.benchmark.scores.protocols import PROTOCOLS, get_protocol

whole = st.integers(1, 60)
size = st.integers(1, 40)
frame = st.tuples(whole, whole, size, size)
lost = st.sampled_from([(np.nan,) * 4, (5, 5, 0, 9), (5, 5, 9, -2), (0, 0, 0, 0)])
answer = st.one_of(frame, frame, frame, lost)
invalid = st.sampled_from([(np.nan,) * 4, (0, 5, 9, 9), (5, -3, 9, 9), (0, 0, 0, 0)])
track = st.lists(st.tuples(answer, st.one_of(frame, frame, frame, invalid)), min_size=1, max_size=12)
tracks = st.lists(track, min_size=1, max_size=5)


def arrays(drawn: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> tuple[np.ndarray, np.ndarray]:
    result, truth = (np.array(column, dtype=np.float64) for column in zip(*drawn, strict=True))
    truth[0] = [10, 10, 20, 20]
    return result, truth


def curves_of(pairs: dict[str, tuple[np.ndarray, np.ndarray]], protocol: str = "matlab") -> Curves:
    sequences = [sequence(name, truth) for name, (_, truth) in pairs.items()]
    return sequence_curves({name: result for name, (result, _) in pairs.items()}, sequences, protocol)


@given(tracks)
def test_agrees_with_the_rules_frame_by_frame(
    drawn: list[list[tuple[tuple[float, ...], tuple[float, ...]]]],
) -> None:
    pairs = {f"s{i}": arrays(one) for i, one in enumerate(drawn)}
    curves = curves_of(pairs)
    for i, (result, truth) in enumerate(pairs.values()):
        success, precision = slow_matlab(result, truth)
        assert curves.values["success"][i].tolist() == success
        assert curves.values["precision"][i].tolist() == precision


@given(tracks, st.sampled_from(sorted(PROTOCOLS)), st.integers(0, 200), st.integers(0, 200))
def test_a_shift_of_both_changes_nothing(
    drawn: list[list[tuple[tuple[float, ...], tuple[float, ...]]]], protocol: str, right: int, down: int
) -> None:
    """As long as it makes no coordinate of the truth positive or negative that was not."""
    pairs, moved = {}, {}
    for i, one in enumerate(drawn):
        result, truth = arrays(one)
        truth[~(truth > 0).all(axis=1)] = np.nan
        by = np.array([right, down, 0, 0])
        pairs[f"s{i}"], moved[f"s{i}"] = (result, truth), (result + by, truth + by)
    before, after = curves_of(pairs, protocol), curves_of(moved, protocol)
    assert np.array_equal(before.values["success"], after.values["success"])
    assert np.array_equal(before.values["precision"], after.values["precision"])


@given(tracks, st.randoms(use_true_random=False), st.sampled_from(sorted(PROTOCOLS)))
def test_the_order_of_sequences_is_irrelevant(
    drawn: list[list[tuple[tuple[float, ...], tuple[float, ...]]]], random: object, protocol: str
) -> None:
    pairs = {f"s{i}": arrays(one) for i, one in enumerate(drawn)}
    names = list(pairs)
    random.shuffle(names)
    before = summary(curves_of(pairs, protocol))
    after = summary(curves_of({name: pairs[name] for name in names}, protocol))
    assert before["auc"] == pytest.approx(after["auc"], abs=1e-12)
    assert before["dp20"] == pytest.approx(after["dp20"], abs=1e-12)
    assert before["frames"] == after["frames"]


@given(track, st.sampled_from(sorted(PROTOCOLS)))
def test_curves_are_monotonous_and_within_zero_and_one(
    drawn: list[tuple[tuple[float, ...], tuple[float, ...]]], protocol: str
) -> None:
    curves = curves_of({"s": arrays(drawn)}, protocol)
    assert (np.diff(curves.values["success"][0]) <= 0).all()
    assert (np.diff(curves.values["precision"][0]) >= 0).all()
    assert (np.diff(curves.values["norm_precision"][0]) >= 0).all()
    for values in (curves.values["success"], curves.values["precision"], curves.values["norm_precision"]):
        assert ((values >= 0) & (values <= 1)).all()


@given(st.lists(frame, min_size=2, max_size=12), st.integers(1, 40))
def test_moving_away_never_helps(truth: list[tuple[int, ...]], step: int) -> None:
    true = np.array(truth, dtype=np.float64)
    near, far = true.copy(), true.copy()
    near[:, 0] += step
    far[:, 0] += step + 1
    better, worse = curves_of({"s": (near, true)}), curves_of({"s": (far, true)})
    assert (worse.values["success"] <= better.values["success"]).all()
    assert (worse.values["precision"] <= better.values["precision"]).all()


def test_the_score_is_the_unweighted_mean_over_sequences() -> None:
    far = still(99, (300, 300, 20, 20))
    curves = curves_of({"long": (far, still(99)), "short": (still(1), still(1))})
    assert summary(curves)["auc"] == pytest.approx((PERFECT_AUC / 99 + PERFECT_AUC) / 2)
    assert summary(curves)["frames"] == 100


def test_attributes_average_the_sequences_that_carry_them() -> None:
    one, two = (
        sequence("one", still(4), attributes=("IV", "OCC")),
        sequence("two", still(4), attributes=("OCC",)),
    )
    bench = benchmark([one, two], attributes=("IV", "OCC", "LR"))
    lost = still(4, (300, 300, 20, 20))
    curves = sequence_curves({"one": lost, "two": still(4)}, [one, two])
    scores = score_tracker(bench, ["one", "two"], curves)
    assert list(scores["attributes"]) == ["IV", "OCC"]
    attributes = scores["attributes"]
    assert attributes["IV"]["auc"] == pytest.approx(PERFECT_AUC / 4)
    assert attributes["OCC"]["auc"] == pytest.approx(PERFECT_AUC * 5 / 8)
    assert attributes["OCC"]["sequences"] == 2
    assert scores["sequences"]["two"]["auc"] == pytest.approx(PERFECT_AUC)


def test_a_result_of_the_wrong_length_is_refused_with_both_lengths() -> None:
    for rows in (1, 4, 6, 9):
        with pytest.raises(InputError, match=rf"Car4: {rows} rows, but 5 frames"):
            sequence_curves({"Car4": still(rows)}, [sequence("Car4", still(5))])


def test_a_truth_of_nan_is_refused() -> None:
    with pytest.raises(InputError, match=r"Car4: every row of the ground truth is NaN"):
        sequence_curves({"Car4": still(3)}, [sequence("Car4", np.full((3, 4), np.nan))])


def test_a_late_start_under_each_protocol() -> None:
    """Tiger1: 5 annotated frames before one-pass evaluation starts."""
    tiger = sequence("Tiger1", still(7), lead_in=still(5, (1, 1, 20, 20)), first_frame=6)
    for protocol in ("matlab", "pysot"):
        assert len(fit_length("Tiger1", still(7), tiger, get_protocol(protocol))) == 7
        with pytest.raises(InputError, match=r"12 rows, but 7 frames.*starts at frame 6"):
            fit_length("Tiger1", still(12), tiger, get_protocol(protocol))
    assert len(fit_length("Tiger1", still(12), tiger, get_protocol("got10k"))) == 12
    padded = fit_length("Tiger1", still(7), tiger, get_protocol("got10k"))
    assert padded[:5].tolist() == tiger.lead_in.tolist()
    assert sequence_curves({"Tiger1": still(7)}, [tiger], "got10k").frames.tolist() == [12]
    assert sequence_curves({"Tiger1": still(7)}, [tiger], "matlab").frames.tolist() == [7]
    with pytest.raises(InputError, match=r"6 rows, but 12 frames"):
        fit_length("Tiger1", still(6), tiger, get_protocol("got10k"))


def test_matlab_means_the_code_of_the_benchmarks_own_authors() -> None:
    """Temple-Color's script has no rule for a truth with x <= 0."""
    truth = still(2)
    truth[1] = [0, 10, 20, 20]
    one = sequence("S", truth)
    otb, temple = benchmark([one]), benchmark([one], invalid_rows=False)
    for bench, protocol, share in (
        (otb, "matlab", 0.5),
        (temple, "matlab", 1.0),
        (temple, "matlab-otb", 0.5),
        (temple, "pysot", 0.5),
    ):
        curves = sequence_curves({"S": truth}, [one], rules_for(protocol, bench))
        assert summary(curves)["auc"] == pytest.approx(share * PERFECT_AUC)


def test_rows_in_front_are_left_out_only_if_they_are_the_truth() -> None:
    """got10k wants Tiger1 with five rows more; the matlab protocol takes them back if they are a filling."""
    tiger = sequence("Tiger1", still(8), first_frame=6, lead_in=still(5, (1, 2, 3, 4)))
    rules = get_protocol("matlab")
    filled = np.concatenate([tiger.lead_in, still(8, (11, 10, 20, 20))])
    assert fit_length("a", filled, tiger, rules).tolist() == still(8, (11, 10, 20, 20)).tolist()
    assert len(fit_length("a", filled, tiger, get_protocol("got10k"))) == 13
    tracked = filled.copy()
    tracked[3, 0] += 0.5
    with pytest.raises(
        InputError, match=r"a: 13 rows, but 8 frames. Under matlab evaluation starts at frame 6"
    ):
        fit_length("a", tracked, tiger, rules)
