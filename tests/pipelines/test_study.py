"""The loss study as users run it: one command, a table, a plot, and bad input in one line."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import orjson
import pytest

from curation.files import write_bytes
from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from pipelines import paths
from pipelines.__main__ import main
from pipelines.tools.profile import overlay
from tests.training.fabricate import fabricate
from tests.training.tracking.scenes import manifest_of
from training.benchmark.sequences.benchmark_loader import load_benchmark

ROOT = Path(__file__).parents[2]
TINY = {
    "dataset": {"subsets": ["a"], "benchmarks": ["tc128"]},
    "train": {
        "network": {"width": 0.05},
        "pairs": {"per_epoch": 8, "search_size": 143},
        "epochs": 2,
        "batch": 4,
        "validation_pairs": 4,
    },
}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with nothing but parameters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_JOBS", "1")
    monkeypatch.setenv("DSLT_DEVICE", "cpu")
    Path("params.yaml").write_text(overlay((ROOT / "params.yaml").read_text(), [TINY]))
    return tmp_path


@pytest.fixture
def project(empty: Path) -> Path:
    """It with an imdb, and the built-in sequences of one benchmark with their manifest."""
    fabricate(paths.DATA, "train")
    fabricate(paths.DATA, "val", videos=2, seed=1)
    paths.IMDB.mkdir()
    for file in paths.DATA.glob("imdb_video_*.json"):
        file.rename(paths.IMDB / file.name)
    generate_sequences(paths.SAMPLE / "sequences", SampleConfig(sequence_frames=3), Workers(jobs=1))
    benchmark = load_benchmark("tc128", [paths.SAMPLE / "sequences"])
    write_bytes(paths.manifest("tc128"), manifest_of(benchmark, paths.STATE).encoded())
    return empty


def test_one_command_one_table_one_plot(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["study", "--losses", "l2", "focal_l2", "--seeds", "2", "--rates", "0.001", "--epochs", "1"]
    assert main([*command, "--benchmarks", "tc128"]) == 0
    shown = capsys.readouterr().out
    report = orjson.loads((paths.MODELS / "study/study.json").read_bytes())
    assert len(report["rows"]) == 4
    for entry in report["summary"]:
        auc = f"{entry['auc_mean']:.3f} ± {entry['auc_spread']:.3f}"
        assert f"| {entry['loss'].replace('_', ' ')} | 0.001 | " in shown
        assert auc in shown
        assert 0 < entry["auc_mean"] < 1
    assert cv2.imread(str(paths.MODELS / "study/study.png")) is not None
    curves = next((paths.MODELS / "study").glob("l2-0.001-0/records/curves.csv")).read_text().splitlines()
    assert len(curves) == 2, "--epochs 1 wins over train.epochs"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--losses", "l2", "hinge"], "losses"),
        (["--losses", "l2", "l2"], "each once"),
        (["--seeds", "0"], "seeds"),
        (["--rates", "-1"], "rates"),
        (["--epochs", "0"], "train.epochs = 0"),
        (["--benchmarks", "tc128"], "data/sample/sequences does not exist"),
    ],
)
def test_bad_input_is_one_line(
    empty: Path, words: list[str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert main(["study", *words]) == 1
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert said in record.getMessage()
    assert not (paths.MODELS / "study").exists()
