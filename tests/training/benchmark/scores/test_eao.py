import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curation.errors import InputError
from training.benchmark.scores.eao import Run, expected_average_overlap, expected_overlap_curve
from training.benchmark.scores.vot_rules import VOT_RULES, VotRules

NAN = np.nan


def run(overlaps: list[float], *failures: int, **fields: object) -> Run:
    return Run(np.array(overlaps, dtype=np.float64), np.array(failures, dtype=np.int64), **fields)


S1 = run([NAN] + [0.8] * 11)
S2 = run([NAN, 0.5, 0.5, NAN, NAN, NAN, NAN, NAN, NAN, 0.6, 0.6, 0.6], 3)


def test_example_d() -> None:
    curve = expected_overlap_curve([S1, S2])
    assert curve[0] == 1
    assert curve[1:] == pytest.approx(
        [
            *(0.633333, 0.633333, 0.577778, 0.525, 0.5, 0.483333),
            *(0.471429, 0.4625, 0.455556, 0.45, 0.445455),
        ],
        abs=1e-6,
    )
    assert expected_average_overlap(curve, 3, 6) == pytest.approx(0.559028, abs=1e-6)
    assert expected_average_overlap(curve, 4, 7) == pytest.approx(0.521528, abs=1e-6)


@pytest.mark.parametrize(
    ("failure", "cut", "cut_by_pysot"),
    [(54, True, True), (55, False, True), (56, False, False), (59, False, False)],
)
def test_example_f_late_failures(failure: int, cut: bool, cut_by_pysot: bool) -> None:
    """60 frames: a failure in frame 56 or 57 (1-based) makes no cut, nothing is padded behind the end."""
    overlaps = [NAN] + [0.6] * 59
    overlaps[failure] = NAN
    late = run(overlaps, failure)
    for rules, padded in (("matlab", cut), ("pysot", cut_by_pysot), ("vot-toolkit", True)):
        curve = expected_overlap_curve([late], 100, rules=rules)
        assert np.isfinite(curve[99]) == padded
        assert curve[49] == pytest.approx(0.6)


def test_a_restart_in_the_very_last_frame_is_a_cut() -> None:
    late = run([NAN] + [0.6] * 53 + [NAN] * 6, 54)
    curve = expected_overlap_curve([late], 60)
    assert curve[59] == pytest.approx(53 * 0.6 / 59)


def test_intervals_of_the_years() -> None:
    assert VOT_RULES["vot2016"].interval == (108, 371)
    assert VOT_RULES["vot2018"].interval == (100, 356)
    assert VOT_RULES["vot2019"].interval == (46, 291)
    assert VOT_RULES["vot2022"].interval == (115, 755)
    assert VotRules((46, 291), eao="vot-toolkit").interval == (47, 292)
    assert set(VOT_RULES) == {f"vot{year}" for year in range(2015, 2023)}
    with pytest.raises(InputError, match=r"no VOT year is named 'vot20166'. Did you mean vot2016"):
        VOT_RULES["vot20166"]


def test_lengths_are_counted_from_one_and_include_both_ends() -> None:
    curve = np.arange(1, 11, dtype=np.float64)
    assert expected_average_overlap(curve, 3, 6) == 4.5
    assert np.isnan(expected_average_overlap(curve, 20, 30))
    assert expected_average_overlap(np.array([1, NAN, 3.0]), 1, 3) == 2


def test_repetitions_share_the_weight_of_a_sequence() -> None:
    thrice = [run([NAN, 0.2, 0.2], weight=1 / 3)] * 3
    once = run([NAN, 0.8, 0.8])
    assert expected_overlap_curve([*thrice, once])[2] == pytest.approx(0.5)


def test_a_tag_weights_fragments_by_its_share_of_their_frames() -> None:
    tagged = np.array([True, True, False, False])
    half = run([NAN, 0.2, 0.2, 0.2], tagged=tagged)
    none = run([NAN, 0.9, 0.9, 0.9], tagged=np.zeros(4, dtype=bool))
    full = run([NAN, 0.8, 0.8, 0.8], tagged=np.ones(4, dtype=bool))
    assert expected_overlap_curve([half, none, full])[3] == pytest.approx((0.5 * 0.2 + 0.8) / 1.5)
    assert np.isnan(expected_overlap_curve([none])[3])


def slow_curve(runs: list[Run], length: int) -> list[float]:
    """The rules one fragment and one length at a time."""
    fragments = []
    for one in runs:
        n = len(one.overlaps)
        values = [0.0 if np.isnan(v) else float(v) for v in one.overlaps]
        points = [1] + [f + 1 + 5 for f in one.failures if f + 1 + 5 <= n]  # 1-based
        for i, point in enumerate(points):
            if i + 1 < len(points):
                fragment = values[point - 1 : points[i + 1]]
                fragments.append((one.weight, fragment + [0.0] * (length - len(fragment)), length))
            else:
                fragments.append((one.weight, values[point - 1 :], n - point + 1))
    curve = [1.0]
    for total in range(2, length + 1):
        known = [(w, f) for w, f, defined in fragments if defined >= total]
        weight = sum(w for w, _ in known)
        mean = sum(w * np.mean(f[1:total]) for w, f in known) / weight if known else NAN
        curve.append(float(mean))
    return curve


@st.composite
def runs_of(draw: st.DrawFn) -> Run:
    n = draw(st.integers(2, 40))
    overlaps = draw(arrays(np.float64, n, elements=st.floats(0, 1)))
    overlaps[0] = NAN
    failures, at = [], 0
    for gap in draw(st.lists(st.integers(1, 15), max_size=4)):
        failure = at + gap
        if failure >= n:
            break
        failures.append(failure)
        overlaps[failure : failure + 6] = NAN
        at = failure + 5
    return Run(overlaps, np.array(failures, dtype=np.int64), draw(st.sampled_from([1.0, 0.5, 1 / 15])))


@given(st.lists(runs_of(), min_size=1, max_size=6))
def test_agrees_with_the_rules_fragment_by_fragment(runs: list[Run]) -> None:
    length = max(len(one.overlaps) for one in runs)
    assert expected_overlap_curve(runs) == pytest.approx(slow_curve(runs, length), nan_ok=True)


@given(st.lists(runs_of(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_runs_is_irrelevant(runs: list[Run], random: object) -> None:
    shuffled = runs.copy()
    random.shuffle(shuffled)
    assert expected_overlap_curve(shuffled) == pytest.approx(expected_overlap_curve(runs), nan_ok=True)


@given(runs_of())
def test_a_duplicated_run_with_half_the_weight_changes_nothing(one: Run) -> None:
    halves = [Run(one.overlaps, one.failures, one.weight / 2)] * 2
    assert expected_overlap_curve(halves) == pytest.approx(expected_overlap_curve([one]), nan_ok=True)


@given(st.integers(20, 60), st.data())
def test_a_longer_failure_never_raises_eao(n: int, data: st.DataObject) -> None:
    """The same sequence and restart: the sooner the target is lost (overlap 0 from there on), the lower."""
    overlaps = data.draw(arrays(np.float64, n, elements=st.floats(0, 1)))
    overlaps[0] = NAN
    failure = data.draw(st.integers(8, n - 6))
    overlaps[failure : failure + 6] = NAN
    sooner = overlaps.copy()
    sooner[data.draw(st.integers(1, failure - 1)) : failure] = 0
    failed_at = np.array([failure])
    low, high = 5, n
    late = expected_average_overlap(expected_overlap_curve([Run(overlaps, failed_at)]), low, high)
    early = expected_average_overlap(expected_overlap_curve([Run(sooner, failed_at)]), low, high)
    assert early <= late + 1e-12


@given(st.integers(12, 60), st.floats(0.01, 1), st.data())
def test_one_more_failure_never_raises_eao(n: int, overlap: float, data: st.DataObject) -> None:
    perfect = np.full(n, overlap)
    perfect[0] = NAN
    failure = data.draw(st.integers(1, n - 7))
    failed = perfect.copy()
    failed[failure : failure + 6] = NAN
    clean = expected_average_overlap(
        expected_overlap_curve([Run(perfect, np.array([], dtype=np.int64))]), 2, n
    )
    broken = expected_average_overlap(expected_overlap_curve([Run(failed, np.array([failure]))]), 2, n)
    assert broken <= clean + 1e-12


def test_no_runs_give_no_curve() -> None:
    assert len(expected_overlap_curve([])) == 0
