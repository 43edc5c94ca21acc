"""Work without the raw data, or with a part of the crops; and what a machine without any data can check."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.pipelines.clone import ROOT, Clone
from tests.pipelines.team import colleague, commit, copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("parts")]

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


@pytest.fixture
def whole(curated: Clone, tmp_path: Path) -> Clone:
    """A pipeline that ends with imdb, in which all has run, on videos of its own, which may be changed."""
    clone = copy_of(curated, tmp_path / "whole")
    raw = shutil.copytree(clone.environment["DSLT_VID_ROOT"], tmp_path / "raw")
    clone.environment["DSLT_VID_ROOT"] = str(raw)
    stages = YAML(typ="safe").load((clone.folder / "dvc.yaml").read_text())["stages"]
    kept = {name: stages[name] for name in ("sample", "manifest", "annotate", "crop", "imdb")}
    (clone.folder / "dvc.yaml").write_text(json.dumps({"stages": kept}))
    commit(clone, "-A")
    return clone


def test_the_check_reads_lists_of_files_from_a_remote(whole: Clone, tmp_path: Path) -> None:
    whole.run("dvc", "remote", "add", "--default", "team", str(tmp_path / "store"))
    whole.pipelines("push")
    commit(whole, "-A")
    machine = colleague(whole, tmp_path / "machine", raw=False)
    by_size = "; compared by number and size of files alone: data/crops"
    assert by_size in machine.pipelines("check").stderr
    assert by_size not in machine.pipelines("check", "--remote", "team").stderr
    refused = machine.pipelines("check", "--remote", "nobody", check=False)
    assert refused.returncode == 1
    assert (
        "error: DVC cannot read this project: config file error: remote 'nobody' doesn't exist"
        in refused.stderr
    )


def checked(clone: Clone, folder: Path) -> tuple[int, str]:
    """Status and output of what pipelines/TEAM.md says to run on a machine without any data."""
    page = (ROOT / "pipelines/TEAM.md").read_text()
    block = re.search(r"^## Continuous integration.*?```sh\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    assert block
    machine = colleague(clone, folder, raw=False)
    done = machine.run("bash", "-c", block[1], check=False)
    assert {path.name for path in (machine.folder / "data").iterdir()} == {"imported"}
    return done.returncode, done.stdout + done.stderr


def test_a_machine_without_data_can_check_that_the_lock_is_up_to_date(whole: Clone, tmp_path: Path) -> None:
    status, output = checked(whole, tmp_path / "one")
    assert status == 0, output

    # Parameters were changed, and nothing was run.
    whole.pipelines("profile", "--set", "crop.quality=55")
    commit(whole, "-A")
    status, output = checked(whole, tmp_path / "two")
    assert status == 1
    assert "crop@a" in output
    whole.run("git", "reset", "-q", "--hard", "HEAD~1")

    # The data were changed and looked at; annotate and crop were not run: they read files of data/manifest.
    xml = next(path for path in (tmp_path / "raw/Annotations").rglob("*.xml"))
    xml.write_text(xml.read_text().replace("<xmax>", "<xmax>1", 1))
    whole.repro("manifest")
    commit(whole, "-A")
    status, output = checked(whole, tmp_path / "three")
    assert status == 1
    assert "data/manifest: not all its files, as recorded, are what was read by annotate@a" in output

    # Annotations were made again; imdb, which reads their folder, was not.
    whole.repro("crop")
    commit(whole, "-A")
    status, output = checked(whole, tmp_path / "four")
    assert status == 1
    assert "imdb: read a version of data/annotations that differs from the recorded output" in output


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
