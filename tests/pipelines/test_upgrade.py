"""A team moves to this version with the cache of an old one: nothing is annotated or cropped again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from tests.pipelines.clone import ROOT, TINY, Clone, working_tree

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("upgrade")]

OLD = "90719a3"
"""The commit whose cache must do."""

PARAMETERS = (
    *TINY,
    "dataset.subsets=[a,b]",
    "dataset.benchmarks=[otb2013]",
    "track.trackers=[siamese, still]",
)
LAST = "track@otb2013"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which the old version has run as far as tracking."""
    known = ["git", "-C", str(ROOT), "cat-file", "-e", f"{OLD}^{{commit}}"]
    if subprocess.run(known, check=False, capture_output=True).returncode:
        pytest.skip(f"the history here does not reach back to {OLD}")
    folder = tmp_path_factory.mktemp("upgrade") / "team"
    subprocess.run(["git", "clone", "-q", "--no-checkout", str(ROOT), str(folder)], check=True)
    clone = Clone(folder, {"DSLT_JOBS": "1", "DSLT_DEVICE": "cpu"})
    clone.run("git", "checkout", "-q", OLD)
    clone.pipelines("profile", "--set", *PARAMETERS)
    assert {"annotate@a", "annotate@b", "crop@a", "crop@b", "train", LAST} <= clone.repro(LAST).ran
    return clone


def upgrade(clone: Clone) -> None:
    """Put this version's files in place of the old ones; what the runs have left stays, and so do the parameters."""
    records = ("dvc.lock", "reports/")
    for name in clone.run("git", "ls-files", "-z").stdout.split("\0"):
        if name and not name.startswith(records):
            (clone.folder / name).unlink(missing_ok=True)
    for name in working_tree():
        if not name.startswith(records):
            (clone.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone.folder / name)
    clone.pipelines("profile", "--set", *PARAMETERS)


def files(folder: Path, *parts: str) -> dict[str, bytes]:
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for part in parts
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def weights(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays, and what was learnt with which parameters of the loop."""
    with safe_open(path, framework="np") as found:
        arrays = {name: found.get_tensor(name) for name in found.keys()}  # noqa: SIM118 (no mapping)
        return arrays, json.loads(found.metadata()["dslt"])["metadata"]["parameters"]


def test_nothing_is_annotated_or_cropped_again(team: Clone) -> None:
    same = ("data/manifest", "data/annotations", "data/crops", "data/imdb", "data/results")
    before, learnt = files(team.folder, *same), weights(team.folder / "models/siamese.safetensors")
    assert before.keys() >= {"data/imdb/imdb_video_train.json", "data/crops/a/index.json"}
    upgrade(team)
    ran = team.repro(LAST).ran
    assert not {name for name in ran if name.startswith(("annotate", "crop"))}
    assert files(team.folder, *same) == before
    arrays, parameters = weights(team.folder / "models/siamese.safetensors")
    assert arrays.keys() == learnt[0].keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, learnt[0][name])
    assert parameters.items() >= {key: learnt[1][key] for key in ("network", "loss", "schedule")}.items()
    assert team.repro(LAST).ran <= {"manifest"}
