"""What DVC records of a run in the instant in which nobody can look is held against what the run was made of."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from pipelines import snapshot
from pipelines.snapshot import as_recorded, look
from tests.pipelines.clone import Clone
from tests.pipelines.team import copy_of

NOTES = "data/.state/made of"


def edited_behind(clone: Clone, stage: str, edit: str, folder: Path) -> None:
    """Have a shell command run when a stage's process has ended and DVC has not looked yet."""
    folder.mkdir()
    script = folder / "python"
    script.write_text(
        f'#!/bin/sh\n"{sys.executable}" "$@"; status=$?\n'
        f'if [ "$*" = "-m pipelines {stage}" ]; then {edit}; fi\nexit $status\n'
    )
    script.chmod(0o755)
    clone.environment["PATH"] = os.pathsep.join(
        [str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]
    )


@pytest.mark.slow
@pytest.mark.xdist_group("vouching")
def test_parameters_edited_between_the_stage_and_the_look_of_dvc(built: Clone, tmp_path: Path) -> None:
    clone = copy_of(built, tmp_path / "clone")
    clone.pipelines("profile", "--set", "crop.quality=60")
    edited_behind(clone, "crop a", "sed -i 's/  quality: 60 /  quality: 55 /' params.yaml", tmp_path / "bin")
    clone.repro("-s", "crop@a")
    del clone.environment["PATH"]
    for _ in range(2):
        refused = clone.repro("imdb", check=False)
    assert refused.status
    assert "dvc.lock is wrong about crop@a: crop.quality 60 -> 55" in refused.output
    assert "Run: dvc repro -f -s crop@a && dvc repro" in refused.output
    other = copy_of(clone, tmp_path / "colleague")
    shutil.copyfile(built.folder / "dvc.lock", other.folder / "dvc.lock")
    shutil.rmtree(other.folder / "data/.state")
    assert other.repro("-s", "crop@a").ran == {"crop@a"}, "the wrong crops have left the run-cache"

    clone.run("dvc", "repro", "-f", "-s", "crop@a")
    assert "imdb" in clone.repro("imdb").ran
    for one in (clone, other):
        index = json.loads((one.folder / "data/crops/a/index.json").read_text())
        assert index["crop"]["quality"] == 55
    assert clone.locked()["data/crops/a"] == other.locked()["data/crops/a"]


@pytest.mark.slow
@pytest.mark.xdist_group("vouching")
def test_a_lock_of_another_branch_is_no_contradiction(built: Clone, tmp_path: Path) -> None:
    """The same came out under other parameters; which of the two is on record is for git to say."""
    clone = copy_of(built, tmp_path / "clone")
    lock, parameters = clone.folder / "dvc.lock", clone.folder / "params.yaml"
    kept = lock.read_bytes(), parameters.read_bytes()
    for value in ("0.5", "0.4"):
        clone.pipelines("profile", "--set", f"errors.max_skipped={value}")
        clone.repro("-s", "annotate@a")
    lock.write_bytes(kept[0])
    parameters.write_bytes(kept[1])
    assert clone.repro("annotate@a").ran == {"manifest"}


@pytest.mark.slow
@pytest.mark.xdist_group("vouching")
def test_a_file_edited_between_the_stage_and_the_look_of_dvc(built: Clone, tmp_path: Path) -> None:
    clone = copy_of(built, tmp_path / "clone")
    clone.pipelines("profile", "--set", "quality.tile=120")
    victim = clone.folder / "reports/annotate/b.json"
    kept = victim.read_bytes()
    edited_behind(clone, "quality", "echo >> reports/annotate/b.json", tmp_path / "bin")
    clone.repro("-s", "quality")
    del clone.environment["PATH"]
    victim.write_bytes(kept)
    refused = clone.repro("-s", "score", check=False)
    assert "dvc.lock is wrong about quality: reports/annotate" in refused.output
    clone.run("dvc", "repro", "-f", "-s", "quality")
    clone.repro("score")


@pytest.mark.slow
@pytest.mark.xdist_group("vouching")
def test_all_that_dvc_records_of_every_stage_agrees(built: Clone, tmp_path: Path) -> None:
    """A note goes when it agrees with the record: none of what all stages read and make is seen otherwise by DVC."""
    clone = copy_of(built, tmp_path / "clone")
    assert (clone.folder / NOTES).is_dir()
    assert clone.repro().ran == {"manifest"}
    assert clone.repro().ran == {"manifest"}
    assert [path.name for path in (clone.folder / NOTES).iterdir()] == ["manifest"], (
        "its own goes the next time"
    )


def test_folders_and_files_are_known_as_dvc_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()
    for name in ("b/ö.txt", "a.txt", "b.txt", "b/a\n.txt"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(name)
        digest = as_recorded(path, look(path))["md5"]
        tree.add(path.relative_to(tmp_path / "folder").parts, None, HashInfo("md5", digest))
    tree.digest()
    folder = tmp_path / "folder"
    assert as_recorded(folder, look(folder)) == {"md5": tree.oid}
    assert as_recorded(folder / "a.txt", look(folder / "a.txt")) == {
        "md5": "a5e54d1fd7bb69a228ef0dcd2431367e"
    }
    monkeypatch.setattr(snapshot, "READ_UP_TO", 3)
    assert as_recorded(folder, look(folder)) == {"size": 26, "nfiles": 4}
    assert as_recorded(folder / "a.txt", look(folder / "a.txt")) == {"size": 5}
