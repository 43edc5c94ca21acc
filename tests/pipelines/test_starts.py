"""TRE and SRE as users run them: `starts` with the pipeline's own tracker, then `evaluate --starts`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from pipelines import paths
from pipelines.__main__ import main
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights
from training.tracking.run import benchmark_run as run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a small network and three frames of each built-in sequence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_JOBS", "1")
    monkeypatch.setenv("DSLT_DEVICE", "cpu")
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text())
    torch.manual_seed(0)
    save_weights(paths.WEIGHTS, SiameseNetwork(NetworkConfig(width=0.05)), {})
    generate_sequences(paths.SAMPLE / "sequences", SampleConfig(sequence_frames=3), Workers(jobs=1))
    return tmp_path


def test_run_then_scored_and_a_second_call_tracks_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sequences = load_benchmark("otb2013", [paths.SAMPLE / "sequences"]).sequences
    assert main(["starts", "otb2013", "--out", "runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for kind, line in zip(("tre", "sre"), lines, strict=True):
        assert f"{kind.upper()}, siamese: {len(sequences)} sequences" in line
        shown = line.partition("python -m pipelines ")[2].split()  # the command that it says to run next
        assert main([*shown, "--json", f"{kind}.json"]) == 0
        scores = json.loads(Path(f"{kind}.json").read_text())
        overall = scores["trackers"]["siamese"]["overall"]
        assert (scores["evaluation"], overall["sequences"]) == (kind, len(sequences))
        assert overall["frames"] == 3 * len(sequences) * (1 if kind == "tre" else 12)
        assert overall["auc"] > 1 / 3 * 0.9  # the first frames at least

    def tracked(*_: object, **__: object) -> None:
        raise AssertionError("tracked again")

    monkeypatch.setattr(run, "perform", tracked)
    assert main(["starts", "otb2013", "--out", "again"]) == 0
    for file in Path("runs").rglob("*.json"):
        assert (Path("again") / file.relative_to("runs")).read_bytes() == file.read_bytes()


def test_one_of_the_two_on_sequences_elsewhere(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (paths.SAMPLE / "sequences").rename("elsewhere")
    assert main(["starts", "otb2013", "--root", "elsewhere", "--only", "sre", "--out", "runs"]) == 0
    assert "SRE" in capsys.readouterr().out
    assert [folder.name for folder in Path("runs").iterdir()] == ["SRE"]


def test_without_weights_one_line_says_what_to_run(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths.WEIGHTS.unlink()
    assert main(["starts", "otb2013", "--out", "runs"]) == 1
    assert "siamese.safetensors is missing. Run: dvc repro train" in caplog.text
