from pathlib import Path

import numpy as np
import orjson
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import (
    PERFECT_AUC,
    benchmark,
    sequence,
    still,
    vot_sequence,
    write_rows,
)
from training.benchmark.records import Benchmark
from training.benchmark.score import score_benchmark
from training.benchmark.trajectories import Trajectory
from training.benchmark.writing import write_runs


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
    document = score_benchmark(bench, tmp_path)
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
    document = score_benchmark(bench, tmp_path, ["half"])
    assert document["partial"]
    assert document["trackers"]["half"]["missing"] == ["Basketball"]
    some = Benchmark("otb2015", "OTB-2015", "ope", bench.sequences[1:], missing=["Basketball"])
    document = score_benchmark(some, tmp_path, ["half"])
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
    document = score_benchmark(bench, tmp_path)
    assert orjson.loads(orjson.dumps(document)) == document
    assert (document["kind"], document["protocol"]) == ("vot", "vot2016")
    scores = document["trackers"]["KCF"]
    assert scores["overall"]["eao"] == pytest.approx(0.8)
    assert scores["overall"]["interval"] == [5, 20]
    assert scores["overall"]["accuracy"] == pytest.approx(0.8)
    assert scores["unsupervised"]["overall"]["ao"] == pytest.approx(0.8 * 29 / 30)
    assert set(scores["tags"]) == {"occlusion", "empty"}
    exact = score_benchmark(bench, tmp_path, overlap="exact", bounds="frame", year="vot2019")
    assert exact["protocol"] == "exact"
    assert exact["trackers"]["KCF"]["overall"]["eao"] is None  # no sequence reaches length 46
    assert exact["trackers"]["KCF"]["overall"]["accuracy"] == pytest.approx(15 / 19)


def test_vot_without_unsupervised_results(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(4))
    bench = benchmark([bag], kind="vot")
    write_runs(tmp_path, "KCF", bench, bag, [Trajectory.from_boxes(still(4))])
    assert score_benchmark(bench, tmp_path)["trackers"]["KCF"]["unsupervised"] is None
