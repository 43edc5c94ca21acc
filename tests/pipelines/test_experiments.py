"""Experiments as TRAINING.md shows them: `dvc exp run -S`, `dvc exp show`, and plots of both."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.pipelines.clone import TINY, make_clone

pytestmark = pytest.mark.slow

NAMES = {"GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.invalid"}
NAMES |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in NAMES.items()}

SHOW = ("dvc", "exp", "show", "--only-changed", "--drop", ".*(dp20|op50|accuracy|robustness|/.*)")


def test_another_loss_stands_beside_the_first(tmp_path_factory: pytest.TempPathFactory) -> None:
    clone = make_clone(
        tmp_path_factory.mktemp("experiments") / "clone",
        parameters=(*TINY, "dataset.subsets=[a, e]", "dataset.benchmarks=[tc128]"),
    )
    clone.environment = NAMES  # without the fixed dates, which DVC does not read as git does
    clone.repro("train")
    clone.run("git", "add", "-A")
    clone.run("git", "commit", "-q", "-m", "first")
    clone.run("dvc", "exp", "run", "-n", "regression", "-S", "train.loss.name=l2", "train")
    shown = clone.run("dvc", "exp", "show", "--csv", "--only-changed").stdout
    rows = {row["Experiment"] or row["rev"]: row for row in csv.DictReader(io.StringIO(shown))}
    first = next(row for row in rows.values() if row["typ"] == "baseline" and row["rev"] != "workspace")
    assert first["train.loss.name"] == "shrinkage_cross_entropy"
    assert rows["regression"]["train.loss.name"] == "l2"
    assert float(rows["regression"]["loss"]) != float(first["loss"])
    assert 0 < float(rows["regression"]["centre_error"]) < 200

    dropped = clone.run(*SHOW, "--csv").stdout
    assert "centre_error" in dropped
    assert "dp20" not in dropped

    drawn = json.loads(clone.run("dvc", "plots", "diff", "--json", "HEAD", "regression").stdout)
    assert "errors" not in drawn
    for name, points in {"reports/train/curves.csv": 1, "Training and validation loss": 2}.items():
        (plot,) = drawn["data"][name]
        assert set(plot["revisions"]) == {"HEAD", "regression"}
        assert len(plot["content"]["data"]["values"]) == 2 * points
        assert plot["content"]["encoding"]["x"]["field"] == "epoch"
