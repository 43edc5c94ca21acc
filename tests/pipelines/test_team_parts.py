"""Work without the raw data, or with a part of the crops; and what a machine without any data can check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipelines.clone import ROOT, Clone
from tests.pipelines.team import colleague, commit, copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("curated")]

EVALUATION = (
    "dataset.built_in=[sequences]",
    "dataset.sequences=data/sample/sequences",
    "dataset.benchmarks=[otb2013]",
    "sample.sequence_frames=8",
    "train.network.width=0.125",
    "track.trackers=[siamese, still]",
)


@pytest.fixture
def pushed(curated: Clone, tmp_path: Path) -> Clone:
    """A clone whose remote, which git knows, holds everything."""
    clone = copy_of(curated, tmp_path / "pushed")
    clone.run("dvc", "remote", "add", "--default", "team", str(tmp_path / "store"))
    clone.run("dvc", "remote", "modify", "team", "verify", "true")
    clone.pipelines("push")
    commit(clone, "-A")
    return clone


def test_without_raw_data_one_pulls_trains_and_evaluates(pushed: Clone, tmp_path: Path) -> None:
    clone = colleague(pushed, tmp_path / "clone", raw=False)
    clone.run("dvc", "pull", "--run-cache", "manifest", "annotate", "crop", "imdb")
    clone.pipelines("profile", "--set", *EVALUATION)
    done = clone.repro()
    assert done.ran == {"sample@sequences", "manifest", "quality", "train", "track@otb2013", "score"}
    assert "a: the raw data is absent, so the manifest on record is kept" in done.output
    scores = json.loads((clone.folder / "reports/score/metrics.json").read_text())
    assert "otb2013" in json.dumps(scores)


def test_part_of_the_crops_is_trained_on_knowingly(pushed: Clone, tmp_path: Path) -> None:
    clone = colleague(pushed, tmp_path / "clone", raw=False)
    # As pipelines/TEAM.md has it, with 2 for 20: one for training, one of two for validation.
    names = "dvc list . data/crops/a | grep tar | head -2 | sed 's|^|data/crops/a/|'"
    clone.run("sh", "-c", f"{names} | xargs dvc pull data/imdb")
    assert len(list((clone.folder / "data/crops").glob("?/*.tar"))) == 2

    refused = clone.pipelines("train", check=False)
    assert refused.returncode == 1
    assert "1 of 2 shards are missing" in refused.stderr, refused.stderr
    assert "train.pairs.missing_shards: skip" in refused.stderr
    clone.pipelines("profile", "--set", "train.pairs.missing_shards=skip", "train.network.width=0.125")
    trained = clone.pipelines("train")
    assert "1 of 2 shards are missing" in trained.stderr
    assert "training on the rest" in trained.stderr
    assert (clone.folder / "models/siamese.safetensors").is_file()


def test_a_training_on_a_part_is_taken_back(curated: Clone, tmp_path: Path) -> None:
    """Nothing of the part is left, and the recorded network is there; data that were not pulled stay away."""
    one = copy_of(curated, tmp_path / "one")
    one.repro("train")
    one.run("dvc", "remote", "add", "--default", "team", str(tmp_path / "store"))
    commit(one, "-A")
    one.pipelines("push")
    clone = colleague(one, tmp_path / "clone", raw=False)
    clone.run("dvc", "pull", "data/imdb", "data/crops/a")
    clone.pipelines("profile", "--set", "train.pairs.missing_shards=skip", "train.network.width=0.125")
    clone.pipelines("train")
    clone.run("sh", "-c", "git checkout params.yaml reports && dvc pull --force train")
    assert clone.run("git", "status", "--porcelain").stdout == ""
    weights = "models/siamese.safetensors"
    assert (clone.folder / weights).read_bytes() == (one.folder / weights).read_bytes()
    assert not (clone.folder / "data/crops/b").exists()


def test_one_subset_is_a_pipeline_of_its_own(pushed: Clone, tmp_path: Path) -> None:
    clone = colleague(pushed, tmp_path / "clone", raw=False)
    clone.run("dvc", "pull", "manifest", "annotate@a", "crop@a")
    clone.pipelines("profile", "--set", "dataset.subsets=[a]", "train.network.width=0.125")
    done = clone.repro("train")
    assert done.ran == {"manifest", "imdb", "train"}
    imdb = json.loads((clone.folder / "data/imdb/imdb_video_train.json").read_text())
    assert {video["video"].split("/")[0] for video in imdb["videos"]} == {"a"}


CHECK = """
plan=$(dvc repro --dry --allow-missing 2>&1) || { echo "$plan"; exit 1; }
! grep "Running stage" <<< "$plan" | grep -v manifest
"""
"""In pipelines/TEAM.md: whether anything would run but the manifest stage, which always does."""


def test_a_machine_without_data_can_check_that_the_lock_is_up_to_date(pushed: Clone, tmp_path: Path) -> None:
    assert CHECK in (ROOT / "pipelines/TEAM.md").read_text()
    check = ("bash", "-c", CHECK.replace("dvc repro", "dvc repro imdb"))
    clone = colleague(pushed, tmp_path / "clone", raw=False)
    clone.run(*check)
    assert not (clone.folder / "data/crops").exists()
    clone.pipelines("profile", "--set", "crop.quality=55")
    refused = clone.run(*check, check=False)
    assert refused.returncode == 1
    assert "crop@a" in refused.stdout


def test_a_conflict_in_the_lock_is_resolved_in_three_lines(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    clone.run("git", "checkout", "-q", "-b", "theirs")
    clone.pipelines("profile", "--set", "imdb.min_track_length=3")
    clone.repro("imdb")
    commit(clone, "-A")
    clone.run("git", "checkout", "-q", "-")
    clone.pipelines("profile", "--set", "crop.quality=55")
    clone.repro("imdb")
    commit(clone, "-A")
    merge = clone.run("git", *IDENTITY, "merge", "-q", "theirs", check=False)
    assert "CONFLICT (content): Merge conflict in dvc.lock" in merge.stdout
    lost = clone.repro("imdb", check=False)
    assert lost.status
    assert "'./dvc.lock' is invalid (possible merge conflicts)." in lost.output

    clone.run("git", "checkout", "--ours", "dvc.lock", "reports")
    done = clone.repro("imdb")
    commit(clone, "-A")
    assert done.ran == {"manifest", "imdb"}
    assert clone.run("git", "status", "--porcelain").stdout == ""


IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")
