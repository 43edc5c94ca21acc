from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.errors import InputError
from curation.files import write_json
from tests.training.benchmark.builders import benchmark, sequence, still, vot_sequence, write_rows
from tests.training.benchmark.scored import scored, tracked
from training.benchmark.results.result_writer import write_runs
from training.benchmark.score import score_benchmark
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.score_document import Numbers, Scores, rank
from training.benchmark.scores.score_file import load_scores, parse_scores, save_scores
from training.benchmark.trajectory import Trajectory

AUC, AO = METRICS["auc"], METRICS["ao"]


@pytest.fixture
def both(tmp_path: Path) -> list[Scores]:
    """As the scorer makes them: a partial one-pass benchmark, and VOT's with and without restarts."""
    sequences = [sequence("Car4", still(4), attributes=("IV",)), sequence("Deer", still(5))]
    write_rows(tmp_path / "ope/KCF/Car4.txt", still(4))
    otb = score_benchmark(benchmark(sequences, attributes=("IV",), missing=["Elk"]), tmp_path / "ope")
    bag = vot_sequence("bag", still(40, (10, 10, 19, 19)))
    bench = benchmark([bag], kind="vot", eao_interval=(60, 80))
    run = Trajectory.from_boxes(still(40, (10, 10, 19, 15)))
    for tracker, experiments in {
        "A": ("baseline",),
        "B": ("baseline", "unsupervised"),
        "C": ("unsupervised",),
    }.items():
        for experiment in experiments:
            write_runs(tmp_path / "vot", tracker, bench, bag, [run], experiment=experiment)
    return [otb, score_benchmark(bench, tmp_path / "vot")]


def test_what_is_saved_is_loaded_and_gives_the_same_bytes(both: list[Scores], tmp_path: Path) -> None:
    save_scores(tmp_path / "scores.json", both)
    again = load_scores(tmp_path / "scores.json")
    assert list(again) == [one.name for one in both]
    save_scores(tmp_path / "again.json", again.values())
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "scores.json").read_bytes()
    raw = orjson.loads((tmp_path / "scores.json").read_bytes())
    assert set(raw["otb2015"]) == {
        *("schema", "benchmark", "title", "kind", "protocol", "missing", "partial", "trackers")
    }
    assert set(raw["otb2015"]["trackers"]["KCF"]) == {
        *("overall", "sequences", "attributes", "missing", "partial", "notes")
    }
    free = {name: one["unsupervised"] is not None for name, one in raw["vot2016"]["trackers"].items()}
    assert free == {"A": False, "B": True, "C": True}


def test_a_file_of_evaluate_holds_one(both: list[Scores], tmp_path: Path) -> None:
    write_json(tmp_path / "one.json", both[1].plain())
    assert load_scores(tmp_path / "one.json") == {"vot2016": parse_scores(both[1].plain(), "x")}


def test_what_readers_ask(both: list[Scores]) -> None:
    otb, vot = both
    assert (otb.partial, otb.missing, otb.sequences, otb.attributes) == (True, ("Elk",), ["Car4"], ["IV"])
    assert [metric.key for metric in otb.metrics()] == ["auc", "dp20", "op50", "norm_precision"]
    assert (otb.whole("KCF"), otb.share("KCF"), otb.share("nobody")) == (False, "1 of 2 sequences", "")
    assert vot.interval == (60, 80)
    assert set(vot.trackers["A"].overall.curves) == {"expected_overlap"}
    assert vot.number("A", METRICS["eao"]) is None, "no sequence is as long"
    assert vot.number("A", AO) is None
    assert vot.number("B", AO) == vot.number("C", AO) == pytest.approx(0.8, abs=0.03)


def test_ranks_by_headline_then_name_and_without_number_or_sequences_last() -> None:
    overall = {"c": 0.5, "none": None, "a": 0.5, "b": 0.9}
    trackers: dict[str, Any] = {name: {"auc": auc} for name, auc in overall.items()}
    trackers["few"] = tracked({"auc": 0.99}, missing=("x",))
    assert scored(trackers=trackers).ranked() == ["b", "a", "c", "none", "few"]
    assert sorted([None, 0.2, 0.9], key=rank) == [0.9, 0.2, None]


@pytest.mark.parametrize("number", [None, math.nan, math.inf])
def test_no_number(number: float | None) -> None:
    assert Numbers(values={"auc": number}).of(AUC) is None
    assert AUC.text(None) == "–"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"trackers": {}},
        {"trackers": {"KCF": {}}},
        {"trackers": {"KCF": {"overall": {"auc": True}}}},
        {"missing": None},
        {"protocol": ...},
    ],
)
def test_something_else_is_refused(both: list[Scores], change: dict[str, Any]) -> None:
    raw = {key: found for key, found in {**both[0].plain(), **change}.items() if found is not ...}
    with pytest.raises(InputError, match="x holds no scores"):
        parse_scores(raw, "x")
