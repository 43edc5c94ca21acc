"""The ablation as users run it: one command, a table, a plot, resumed where it was, bad input in one line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import torch

from curation.files import write_bytes
from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from pipelines import paths
from pipelines.__main__ import main
from pipelines.tools.profile import overlay
from tests.training.tracking.scenes import manifest_of
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights
from training.tracking.online.tracker import OnlineTracker

ROOT = Path(__file__).parents[2]
QUICK = {"learn": {"first_steps": 2, "first_batch": 2}, "augment": {"samples": 2}}
SMALL = ("--benchmarks", "tc128", "--losses", "shrinkage", "l2", "--residual", "both", "--update", "yes")


@pytest.fixture
def sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project folder with a network and the built-in sequences; the name of one of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_JOBS", "1")
    monkeypatch.setenv("DSLT_DEVICE", "cpu")
    changes = {"dataset": {"benchmarks": ["tc128"]}, "track": {"online": QUICK}}
    Path("params.yaml").write_text(overlay((ROOT / "params.yaml").read_text(), [changes]))
    torch.manual_seed(0)
    save_weights(paths.WEIGHTS, SiameseNetwork(NetworkConfig(width=0.05)), {})
    generate_sequences(paths.SAMPLE / "sequences", SampleConfig(sequence_frames=3), Workers(jobs=1))
    benchmark = load_benchmark("tc128", [paths.SAMPLE / "sequences"])
    write_bytes(paths.manifest("tc128"), manifest_of(benchmark, paths.STATE).encoded())
    return benchmark.sequences[0].name


def test_a_table_a_plot_and_every_run_and_a_second_call_tracks_nothing(
    sequence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["ablation", *SMALL, "--sequences", sequence, "--seeds", "2", "--factors", "1"]
    assert main(words) == 0
    table = capsys.readouterr().out
    assert "| shrinkage | full | yes |" in table
    assert "| l2 | full | yes |" in table
    folder = paths.REPORTS / "ablation"
    report = orjson.loads((folder / "ablation.json").read_bytes())
    assert report["sequences"] == [sequence]
    assert [(row["loss"], row["seed"]) for row in report["rows"]] == [
        ("shrinkage", 0),
        ("shrinkage", 1),
        ("l2", 0),
        ("l2", 1),
    ]
    assert (folder / "ablation.png").stat().st_size > 1000
    monkeypatch.setattr(OnlineTracker, "init", lambda *_: pytest.fail("tracked again"))
    assert main(words) == 0
    assert capsys.readouterr().out == table


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "0"], "ablation: seeds: Input should be greater than or equal to 1"),
        (["--sequences", "Nowhere"], "tc128: no sequence Nowhere"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], message: str, sequence: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["ablation", *SMALL, *words]) == 1
    assert message in caplog.text


@pytest.mark.usefixtures("sequence")
def test_another_recipe_than_the_code_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(overlay(text, [{"track": {"recipe": 999}}]))
    assert main(["ablation", *SMALL]) == 1
    assert "track.recipe = 999, and this code is recipe" in caplog.text
