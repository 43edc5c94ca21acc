import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from curation.errors import InputError
from curation.files import write_json
from tests.training.benchmark.builders import (
    PERFECT_AUC,
    benchmark,
    sequence,
    still,
    vot_sequence,
    write_rows,
)
from training.benchmark.problems import FolderError
from training.benchmark.results.result_writer import write_runs
from training.benchmark.score import score_benchmark
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.score_file import parse_scores
from training.benchmark.scores.vot_rules import VOT2016, VOT2019, rules_of
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import load_listing
from training.benchmark.trajectory import Trajectory


@pytest.fixture
def bench() -> Benchmark:
    return benchmark(
        [sequence("Basketball", still(5), attributes=("IV",)), sequence("Car4", still(4))],
        attributes=("IV", "OCC"),
    )


def test_the_document(tmp_path: Path, bench: Benchmark) -> None:
    for name, rows in (("Basketball", 5), ("Car4", 4)):
        write_rows(tmp_path / "good" / f"{name}.txt", still(rows))
        write_rows(tmp_path / "bad" / f"{name}.txt", still(rows, (300, 300, 20, 20)))
    document = score_benchmark(bench, tmp_path).plain()
    assert orjson.loads(orjson.dumps(document)) == document
    assert (document["benchmark"], document["protocol"], document["kind"]) == ("otb2015", "matlab", "ope")
    assert not document["partial"]
    assert list(document["trackers"]) == ["bad", "good"]
    good = document["trackers"]["good"]
    assert good["overall"]["auc"] == pytest.approx(PERFECT_AUC)
    assert (good["overall"]["frames"], good["overall"]["sequences"]) == (9, 2)
    assert set(good["overall"]["curves"]) == {"success", "precision", "norm_precision"}
    assert set(good["sequences"]) == {"Basketball", "Car4"}
    assert set(good["attributes"]) == {"IV"}
    bad = document["trackers"]["bad"]["overall"]
    assert bad["auc"] == pytest.approx(PERFECT_AUC * (1 / 5 + 1 / 4) / 2)


def test_partial_scores_say_so(tmp_path: Path, bench: Benchmark) -> None:
    write_rows(tmp_path / "half" / "Car4.txt", still(4))
    document = score_benchmark(bench, tmp_path, ["half"]).plain()
    assert document["partial"]
    assert document["trackers"]["half"]["missing"] == ["Basketball"]
    some = Benchmark("otb2015", "OTB-2015", "ope", bench.sequences[1:], missing=["Basketball"])
    document = score_benchmark(some, tmp_path, ["half"]).plain()
    assert document["partial"]
    assert document["missing"] == ["Basketball"]
    assert document["trackers"]["half"]["partial"]


def test_names_that_are_not_there(tmp_path: Path, bench: Benchmark) -> None:
    write_rows(tmp_path / "KCF" / "Car4.txt", still(4))
    with pytest.raises(InputError, match=r"'KFC'. Did you mean KCF"):
        score_benchmark(bench, tmp_path, ["KFC"])
    with pytest.raises(InputError, match=r"no protocol is named 'otb'"):
        score_benchmark(bench, tmp_path, ["KCF"], "otb")


def test_vot(tmp_path: Path) -> None:
    truth = still(30, (10, 10, 19, 19))
    tags = {"occlusion": np.arange(30) > 10, "empty": np.arange(30) <= 10}
    sequences = [vot_sequence(name, truth, tags=tags) for name in ("bag", "ball1")]
    bench = benchmark(sequences, kind="vot", attributes=("occlusion",), eao_interval=(5, 20))
    run = Trajectory.from_boxes(still(30, (10, 10, 19, 15)))
    for one in sequences:
        write_runs(tmp_path, "KCF", bench, one, [run])
        write_runs(tmp_path, "KCF", bench, one, [run], experiment="unsupervised")
    document = score_benchmark(bench, tmp_path).plain()
    assert orjson.loads(orjson.dumps(document)) == document
    assert (document["kind"], document["protocol"]) == ("vot", "vot2016")
    scores = document["trackers"]["KCF"]
    assert scores["overall"]["eao"] == pytest.approx(0.8)
    assert scores["overall"]["interval"] == [5, 20]
    assert scores["overall"]["accuracy"] == pytest.approx(0.8)
    assert scores["unsupervised"]["overall"]["ao"] == pytest.approx(0.8 * 29 / 30)
    assert set(scores["tags"]) == {"occlusion", "empty"}
    exact = score_benchmark(bench, tmp_path, vot=replace(VOT2019, overlap="exact", bounds="frame")).plain()
    assert exact["protocol"] == "exact"
    assert exact["trackers"]["KCF"]["overall"]["eao"] is None  # no sequence reaches length 46
    assert exact["trackers"]["KCF"]["overall"]["accuracy"] == pytest.approx(15 / 19)


def test_vot_without_unsupervised_results(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(4))
    bench = benchmark([bag], kind="vot")
    write_runs(tmp_path, "KCF", bench, bag, [Trajectory.from_boxes(still(4))])
    assert score_benchmark(bench, tmp_path).plain()["trackers"]["KCF"]["unsupervised"] is None


def test_runs_without_restarts_alone_give_an_average_overlap(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(4))
    bench = benchmark([bag], kind="vot")
    write_runs(tmp_path, "KCF", bench, bag, [Trajectory.from_boxes(still(4))], experiment="unsupervised")
    scores = score_benchmark(bench, tmp_path).plain()["trackers"]["KCF"]
    assert scores["unsupervised"]["overall"]["ao"] == pytest.approx(3 / 4)
    assert "eao" not in scores["overall"]
    (tmp_path / "KCF/unsupervised").rename(tmp_path / "KCF/other")
    with pytest.raises(InputError, match=r"KCF holds no baseline"):
        score_benchmark(bench, tmp_path)


def test_what_is_wrong_with_every_tracker_at_once(tmp_path: Path, bench: Benchmark) -> None:
    for tracker, rows in (("A", 3), ("C", 5)):
        write_rows(tmp_path / tracker / "Car4.txt", still(rows))
    with pytest.raises(FolderError) as caught:
        score_benchmark(bench, tmp_path)
    assert [line[:25] for line in caught.value.problems] == [
        "A: Car4.txt: 3 rows, but ",
        "C: Car4.txt: 5 rows, but ",
    ]


def test_short_results_are_scored_on_request_and_marked(tmp_path: Path, bench: Benchmark) -> None:
    write_rows(tmp_path / "KCF/Car4.txt", still(3))
    write_rows(tmp_path / "KCF/Basketball.txt", still(5))
    with pytest.raises(InputError, match="3 rows, but 4 frames"):
        score_benchmark(bench, tmp_path)
    scores = score_benchmark(bench, tmp_path, short=True)
    assert scores.trackers["KCF"].notes == ("Car4: 3 of 4 rows; the rest counts as lost",)
    assert scores.number("KCF", scores.headline) == pytest.approx(PERFECT_AUC)  # matlab: the last box again
    scores = score_benchmark(bench, tmp_path, protocol="got10k", short=True)
    assert scores.number("KCF", scores.headline) == pytest.approx(PERFECT_AUC * (1 + 3 / 4) / 2)


def test_results_of_another_edition_say_which(tmp_path: Path) -> None:
    """UAV123's names with the lengths of UAV123 at 10 frames/s."""
    entries = load_listing("uav123").sequences[:70]
    uav = Benchmark("uav123", "UAV123", "ope", [sequence(e.name, still(e.rows or 0)) for e in entries])
    for entry in load_listing("uav123_10fps").sequences:
        write_rows(tmp_path / f"KCF/{entry.name}.txt", still(entry.rows or 0))
    with pytest.raises(FolderError) as caught:
        score_benchmark(uav, tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6  # how many, three of them, how many more, and what to do
    assert lines[-1] == "They have the lengths of UAV123@10fps: name the benchmark uav123_10fps"


def test_one_unsound_tracker_does_not_stop_the_others(tmp_path: Path, bench: Benchmark) -> None:
    for tracker, rows in (("A", 3), ("C", 5)):
        write_rows(tmp_path / tracker / "Car4.txt", still(rows))
    (tmp_path / "D/scores_cvpr13").mkdir(parents=True)
    write_rows(tmp_path / "D/scores_cvpr13/Car4.txt", still(4))
    for name in bench.sequences:
        write_rows(tmp_path / f"E/{name.name}.txt", still(len(name)))
    scores = score_benchmark(bench, tmp_path)
    assert list(scores.trackers) == ["E"]
    assert list(scores.unsound) == ["A", "C", "D"]
    assert "there are no files" in scores.unsound["D"][0]
    assert parse_scores(scores.plain(), "it").unsound == scores.unsound


def test_the_rules_of_eao_stand_beside_it(tmp_path: Path) -> None:
    """A failure in the last frame but four (example F): the run's zeros count beyond its end for pysot."""
    truth = still(30, (10, 10, 19, 19))
    bag = vot_sequence("bag", truth)
    bench = benchmark([bag], kind="vot", eao_interval=(5, 28))
    rows = [[1], *[[10, 10, 19, 15]] * 24, [2], *[[0]] * 4]
    longer = vot_sequence("ball1", still(40, (10, 10, 19, 19)))
    bench.sequences.append(longer)
    write_runs(tmp_path, "KCF", bench, bag, [Trajectory.from_rows(rows)])
    write_runs(tmp_path, "KCF", bench, longer, [Trajectory.from_boxes(still(40, (10, 10, 19, 15)))])
    found = {
        rules: score_benchmark(bench, tmp_path, vot=replace(rules_of(bench), eao=rules)).plain()["trackers"][
            "KCF"
        ]["overall"]
        for rules in ("matlab", "pysot", "vot-toolkit")
    }
    assert {rules: (scores["eao_rules"], scores["interval"]) for rules, scores in found.items()} == {
        "matlab": ("matlab", [5, 28]),
        "pysot": ("pysot", [5, 28]),
        "vot-toolkit": ("vot-toolkit", [6, 29]),
    }
    assert found["pysot"]["eao"] == pytest.approx(found["matlab"]["eao"])
    beyond = {rules: scores["eao_curve"][35] for rules, scores in found.items()}
    assert beyond["matlab"] == pytest.approx(0.8)
    assert beyond["pysot"] == pytest.approx((0.8 + 0.8 * 24 / 35) / 2)
    assert found["vot-toolkit"]["eao"] < found["matlab"]["eao"]
    with pytest.raises(InputError, match=r"no set of EAO rules is named 'pyso'. Did you mean pysot"):
        replace(VOT2016, eao="pyso")


def test_an_average_overlap_of_some_sequences_says_so(tmp_path: Path) -> None:
    sequences = [vot_sequence(name, still(4)) for name in ("bag", "ball1")]
    bench = benchmark(sequences, kind="vot")
    run = Trajectory.from_boxes(still(4))
    for one in sequences:
        write_runs(tmp_path, "KCF", bench, one, [run])
    write_runs(tmp_path, "KCF", bench, sequences[0], [run], experiment="unsupervised")
    document = score_benchmark(bench, tmp_path).plain()
    assert document["partial"]
    assert document["trackers"]["KCF"]["notes"] == [
        "AO lacks 1 sequences without unsupervised results: ball1"
    ]


def own_list(folder: Path, **more: object) -> Benchmark:
    """A list of one's own with metrics, and the results of two trackers."""
    header = {"schema": 1, "benchmark": "mine", "title": "My videos", "kind": "ope", **more}
    write_json(folder / "mine.json", {**header, "sequences": [{"name": "cup", "folder": "cup"}]})
    write_rows(folder / "cup/groundtruth_rect.txt", still(8, (10, 10, 20, 20)))
    near, half = still(8, (10, 10, 20, 20)), still(8, (10, 10, 20, 20))
    near[:, 0] += 8  # an overlap of 3/7 all along
    half[:3, 0] += 500
    write_rows(folder / "results/near/cup.txt", near)
    write_rows(folder / "results/half/cup.txt", half)
    return load_benchmark(str(folder / "mine.json"), [folder], images=False)


def test_a_list_has_its_own_metrics_and_their_order(tmp_path: Path) -> None:
    found = score_benchmark(own_list(tmp_path, metrics=["dp20", "op50"]), tmp_path / "results")
    assert found.headline.key == "dp20"
    assert found.ranked() == ["near", "half"]
    for place in ("overview", "page", "sheet", "metrics.json"):
        assert [metric.key for metric in found.metrics(place)] == ["dp20", "op50"]
    assert parse_scores(found.plain(), "x") == found
    usual = score_benchmark(own_list(tmp_path), tmp_path / "results")
    assert (usual.headline.key, usual.ranked()) == ("auc", ["half", "near"])
    assert "metrics" not in usual.plain()


def test_a_list_s_metric_may_be_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METRICS, "_rows", dict(METRICS._rows))
    code = "from training.benchmark.scores.metric_table import Metric\n"
    code += "SR40 = Metric('sr40_of_list', 'ope', 'SR.40', 'x', lambda curves: curves['success'][8])\n"
    (tmp_path / "metric.py").write_text(code)
    place = f"{tmp_path}/metric.py:SR40"
    found = score_benchmark(own_list(tmp_path, metrics=[place, "auc"]), tmp_path / "results")
    assert found.headline.key == "sr40_of_list"
    assert [found.number(name, found.headline) for name in ("near", "half")] == [1.0, 6 / 8]


@pytest.mark.parametrize(
    ("metrics", "answer"),
    [
        (["op05"], "no metric is named 'op05'. Did you mean op50"),
        (["eao"], "the list of My videos names the metric eao, which is not of its kind and protocol"),
        (["average_overlap"], "Name some of auc, dp20, op50"),
    ],
)
def test_a_list_s_metric_must_be_known_and_fit(tmp_path: Path, metrics: list[str], answer: str) -> None:
    with pytest.raises(InputError, match=re.escape(answer)):
        score_benchmark(own_list(tmp_path, metrics=metrics), tmp_path / "results")
