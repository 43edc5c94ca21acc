"""The doctor against the parameters: what the next `dvc repro` would stop at, it calls a failure."""

from __future__ import annotations

import logging
import re
import shlex
import shutil
from pathlib import Path

import pytest

from curation.parallel import Workers
from curation.sample.sample_config import SampleConfig
from curation.sample.training_set import generate_vid
from pipelines.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose training videos stand outside it, in `tmp_path/raw`."""
    generate_vid(tmp_path / "raw", SampleConfig(videos_per_subset=1, frames=4), Workers(jobs=1))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    shutil.copy(ROOT / "params.yaml", ".")
    monkeypatch.setenv("DSLT_VID_ROOT", str(tmp_path / "raw"))
    assert main(["profile", "ilsvrc15"]) == 0
    return tmp_path / "project"


def test_subsets_that_the_parameters_ask_for_and_the_tree_lacks(
    project: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert main(["doctor", "dataset"]) == 0
    for part in ("0000", "0001", "0003"):
        for tree in ("Data", "Annotations"):
            shutil.rmtree(project.parent / f"raw/{tree}/VID/train/ILSVRC2015_VID_train_{part}")
    assert main(["doctor", "dataset"]) == 1
    out = capsys.readouterr().out
    assert "asks for subsets that are not there: a, b, d" in out
    cure = re.search(r"do without: python -m pipelines (.*)", out)
    assert cure
    assert main(shlex.split(cure[1])) == 0
    assert main(["doctor", "dataset"]) == 0
