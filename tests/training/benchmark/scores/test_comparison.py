from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from tests.training.benchmark.builders import benchmark, sequence, still, vot_sequence
from tests.training.benchmark.scored import scored, tracked
from training.benchmark.results.result_reader import TrackerResults
from training.benchmark.results.result_writer import write_runs
from training.benchmark.score import score_benchmark, score_boxes
from training.benchmark.scores.comparison import _expected, bootstrap_eao, compare, paired_bootstrap
from training.benchmark.scores.score_document import Scores
from training.benchmark.scores.score_file import parse_numbers
from training.benchmark.scores.vot_rules import VotRules
from training.benchmark.scores.vot_scores import score_supervised
from training.benchmark.trajectory import Trajectory

LENGTHS = VotRules((3, 9))


def vot_scores(seed: int, names: Sequence[str]) -> dict[str, Any]:
    """Of runs that differ from sequence to sequence; a name's digits are what its runs are drawn from."""
    sequences, runs = [], {}
    for name in names:
        random = np.random.default_rng([seed, int(name.rstrip("'"))])
        boxes = still(12) + random.normal(0, 5, (12, 4)).clip(-9, 9)
        rows: list[Any] = [[1], *boxes[1:].tolist()]
        if random.random() < 0.6:
            rows[3:8] = [[2], [0], [0], [0], [0]]
            rows[8] = [1]
        runs[name] = [Trajectory.from_rows(rows)]
        sequences.append(vot_sequence(name, still(12)))
    return score_supervised(sequences, runs, LENGTHS)


def test_the_eao_of_a_resample_is_that_of_its_sequences() -> None:
    """Beside sequences that are really there twice."""
    names = [str(number) for number in range(7)]
    drawn = ["0", "0'", "3", "5", "5'", "5''", "6"]
    for seed in range(4):
        numbers = [parse_numbers(one) for one in vot_scores(seed, names)["sequences"].values()]
        counts = np.array([[1] * 7, [2, 0, 0, 1, 0, 3, 1]])
        expected = [vot_scores(seed, which)["overall"]["eao"] for which in (names, drawn)]
        np.testing.assert_allclose(_expected(numbers, counts), expected, rtol=1e-12)


def test_eao_has_an_interval() -> None:
    names = [str(number) for number in range(9)]
    first, second = (vot_scores(seed, names) for seed in (1, 2))
    numbers = [[parse_numbers(one) for one in found["sequences"].values()] for found in (first, second)]
    found = bootstrap_eao(*numbers, samples=500)
    assert found is not None
    assert found["difference"] == pytest.approx(second["overall"]["eao"] - first["overall"]["eao"])
    assert found["low"] < found["difference"] < found["high"]
    same = bootstrap_eao(numbers[0], numbers[0], samples=50)
    assert same is not None
    assert (same["low"], same["high"], same["share"]) == (0, 0, 1)
    short = [replace(one, curves={}) for one in numbers[0]]
    assert bootstrap_eao(numbers[0], short) is None


scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


def test_the_difference_is_second_minus_first() -> None:
    interval = paired_bootstrap(np.array([0.1, 0.2]), np.array([0.3, 0.4]))
    assert interval == {
        "difference": pytest.approx(0.2),
        "low": pytest.approx(0.2),
        "high": pytest.approx(0.2),
        "share": 1.0,
    }


@given(scores)
def test_the_interval_is_the_same_on_every_run_and_turns_with_the_trackers(
    drawn: list[tuple[float, float]],
) -> None:
    first, second = (np.array(column) for column in zip(*drawn, strict=True))
    there, back = paired_bootstrap(first, second, samples=500), paired_bootstrap(second, first, samples=500)
    assert there == paired_bootstrap(first, second, samples=500)
    assert back["difference"] == pytest.approx(-there["difference"])
    assert back["low"] == pytest.approx(-there["high"])
    assert there["low"] - 1e-12 <= there["high"]


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Differences of a known mean: about 95 % of the intervals hold it."""
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        second = generator.normal(0.03, 0.1, 60)
        interval = paired_bootstrap(np.zeros(60), second, samples=1000)
        covered += interval["low"] <= 0.03 <= interval["high"]
    assert 0.90 <= covered / 200 <= 0.99


def test_pairing_makes_small_constant_differences_visible() -> None:
    """Sequences differ far more than trackers do; the difference per sequence does not."""
    generator = np.random.default_rng(2)
    hard = generator.uniform(0.1, 0.9, 100)
    better = hard + generator.normal(0.01, 0.01, 100)
    interval = paired_bootstrap(hard, better)
    assert interval["low"] > 0
    assert interval["high"] - interval["low"] < 0.01


def test_sequences_must_pair() -> None:
    with pytest.raises(InputError, match=r"cannot pair 2 with 3"):
        paired_bootstrap(np.zeros(2), np.zeros(3))
    with pytest.raises(InputError, match=r"cannot pair 0 with 0"):
        paired_bootstrap(np.zeros(0), np.zeros(0))


def document(**shifts: dict[str, float]) -> Scores:
    """Trackers off by so many pixels on each sequence."""
    names = sorted({name for shift in shifts.values() for name in shift})
    bench = benchmark([sequence(name, still(10)) for name in names])
    trackers = {}
    for tracker, shift in shifts.items():
        boxes = {name: still(10) + np.array([pixels, 0, 0, 0]) for name, pixels in shift.items()}
        trackers[tracker] = tracked(**score_boxes(bench, TrackerResults(boxes=boxes)))
    return scored("otb2015", trackers=trackers)


def test_two_trackers_of_one_run() -> None:
    run = document(
        good={"a": 0, "b": 1, "c": 2, "p": 1, "q": 0, "r": 2},
        bad={"a": 8, "b": 9, "d": 0, "p": 7, "q": 8, "r": 9},
    )
    result = compare(run, run, ("bad", "good"))
    auc = result["metrics"]["auc"]
    assert auc["difference"] == pytest.approx(auc["second"] - auc["first"])
    assert auc["significant"]
    assert auc["low"] > 0
    assert result["metrics"]["dp20"]["difference"] == 0
    assert not result["metrics"]["dp20"]["significant"]
    assert set(result["sequences"]) == {"a", "b", "p", "q", "r"}
    assert (result["only_first"], result["only_second"]) == (["d"], ["c"])
    a = result["sequences"]["a"]["auc"]
    assert a["difference"] == pytest.approx(a["second"] - a["first"])


def test_a_few_sequences_show_no_difference() -> None:
    """However large: their resamples are all alike."""
    shifts = {name: pixels for pixels, name in enumerate("abcd")}
    run = document(good=shifts, bad={name: pixels + 9 for name, pixels in shifts.items()})
    auc = compare(run, run, ("bad", "good"))["metrics"]["auc"]
    assert auc["low"] > 0
    assert not auc["significant"]


def test_one_tracker_in_two_runs() -> None:
    before, after = document(mine={"a": 3, "b": 3}), document(mine={"a": 3, "b": 3})
    result = compare(before, after, ("mine", "mine"))
    assert result["metrics"]["auc"]["difference"] == 0
    assert not result["metrics"]["auc"]["significant"]


def test_what_cannot_be_compared() -> None:
    run = document(mine={"a": 0}, other={"b": 0})
    with pytest.raises(InputError, match=r"cannot compare protocol matlab with got10k"):
        compare(run, replace(run, protocol="got10k"), ("mine", "mine"))
    with pytest.raises(InputError, match=r"cannot compare benchmark otb2015 with otb2013"):
        compare(run, replace(run, name="otb2013"), ("mine", "mine"))
    with pytest.raises(InputError, match=r"no scored tracker is named 'mina'. Did you mean mine"):
        compare(run, run, ("mine", "mina"))
    with pytest.raises(InputError, match=r"mine and other have no sequence in common"):
        compare(run, run, ("mine", "other"))


def vot_document(tmp_path: Path, **heights: tuple[float, bool]) -> Scores:
    """Trackers whose box is so high of 20 pixels; with unsupervised runs or without."""
    one = vot_sequence("bag", still(40, (10, 10, 19, 19)))
    bench = benchmark([one], kind="vot")
    for tracker, (height, free) in heights.items():
        run = Trajectory.from_boxes(still(40, (10, 10, 19, height - 1)))
        for experiment in ("baseline", "unsupervised")[: 1 + free]:
            write_runs(tmp_path, tracker, bench, one, [run], experiment=experiment)
    return score_benchmark(bench, tmp_path)


def test_vot_trackers_are_compared_by_what_both_have(tmp_path: Path) -> None:
    document = vot_document(tmp_path, KCF=(10, True), DSST=(16, True), CN2=(12, False))
    both = compare(document, document, ("KCF", "DSST"))["metrics"]
    assert both["accuracy"]["difference"] == pytest.approx(0.3)
    assert both["ao"]["difference"] == pytest.approx(0.3 * 39 / 40)
    assert set(compare(document, document, ("KCF", "CN2"))["metrics"]) == {"accuracy", "failures"}
