"""Parts of other data beside VID's, under the real `dvc`: one stage each, and adding one runs no other again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.curation.classic.loose_trees import moving, write_siamfc
from tests.curation.layouts import layout_trees as trees
from tests.pipelines.clone import Clone
from tests.pipelines.team import copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("curated")]

PARTS = "{clips: {layout: clips}, got: {layout: got10k, every: 2}}"


@pytest.fixture(scope="module")
def mixed(curated: Clone, tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, set[str]]:
    """The curated clone with two more parts, and the stages that this ran."""
    folder = tmp_path_factory.mktemp("parts")
    trees.clips(folder / "clips")
    trees.got10k(folder / "got", flags={"absence.label": "0\n1\n0\n0\n0\n0\n"})
    clone = copy_of(curated, folder / "clone")
    clone.environment |= {"DSLT_ROOTS_CLIPS": str(folder / "clips"), "DSLT_GOT10K_ROOT": str(folder / "got")}
    clone.pipelines("profile", "--set", f"dataset.parts={PARTS}", "dataset.subsets=[a,b,clips,got]")
    return clone, clone.repro("imdb").ran


def videos(clone: Clone) -> set[str]:
    listed = []
    for split in ("train", "val"):
        listed += json.loads((clone.folder / f"data/imdb/imdb_video_{split}.json").read_text())["videos"]
    return {video["video"] for video in listed}


def test_adding_parts_runs_their_stages_and_no_other(mixed: tuple[Clone, set[str]], curated: Clone) -> None:
    clone, ran = mixed
    new = {f"{stage}@{part}" for stage in ("annotate", "crop") for part in ("clips", "got")}
    assert ran == new | {"manifest", "imdb"}
    assert videos(clone) == videos(curated) | {"clips/my_clip", "got/one"}
    for name in ("data/manifest/a.json", "data/annotations/a.json", "data/crops/a/index.json"):
        assert (clone.folder / name).read_bytes() == (curated.folder / name).read_bytes()
    said = [
        json.loads((clone.folder / f"data/manifest/{part}.json").read_text()) for part in ("clips", "got")
    ]
    assert [manifest["layout"] for manifest in said] == ["clips recipe=2", "got10k every=2"], (
        "a layout whose rules have changed has its parts annotated again"
    )
    report = json.loads((clone.folder / "reports/annotate/got.json").read_text())
    assert (report["items"], report["skipped"]) == (6, 0), (
        "frames 1, 3 and 5: the second, absent, is not among them"
    )
    assert clone.repro("imdb").ran == {"manifest"}


def test_an_option_runs_its_part_alone(mixed: tuple[Clone, set[str]], tmp_path: Path) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    clone.pipelines("profile", "--set", f"dataset.parts={PARTS.replace('every: 2', 'every: 3')}")
    assert clone.repro("imdb").ran == {"manifest", "annotate@got", "crop@got", "imdb"}
    index = json.loads((clone.folder / "data/crops/got/index.json").read_text())
    assert index["videos"]["one"]["frame"] == [1, 4]


def test_a_colleague_without_the_data_keeps_what_is_on_record(
    mixed: tuple[Clone, set[str]], tmp_path: Path
) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    clone.environment["DSLT_ROOTS_CLIPS"] = ""
    assert clone.repro("imdb").ran == {"manifest"}


def test_a_part_that_is_not_said_and_one_that_is_not_there(
    mixed: tuple[Clone, set[str]], tmp_path: Path
) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    done = clone.pipelines("annotate", "nobody", check=False)
    assert (done.returncode, "no part of the dataset is named 'nobody'" in done.stderr) == (1, True)
    done = clone.pipelines("profile", "--set", "dataset.subsets=[a,nobody]", check=False)
    assert (done.returncode, "there is no part 'nobody'" in done.stderr) == (1, True)
    doubled = "{one: {layout: clips, root: roots.x}, two: {layout: clips, root: roots.x}}"
    change = ("profile", "--set", f"dataset.parts={doubled}", "dataset.subsets=[one,two]")
    done = clone.pipelines(*change, check=False)
    assert (done.returncode, "parts one and two are of one layout, root and split" in done.stderr) == (
        1,
        True,
    )


def test_the_doctor_names_whole_folders(mixed: tuple[Clone, set[str]], tmp_path: Path) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    assert "part clips" in clone.pipelines("doctor", "dataset").stdout
    shutil.copytree(clone.environment["DSLT_ROOTS_CLIPS"], tmp_path / "clips")
    (tmp_path / "clips" / "bare").mkdir()
    clone.environment["DSLT_ROOTS_CLIPS"] = str(tmp_path / "clips")
    done = clone.pipelines("doctor", "dataset", check=False)
    assert done.returncode == 1
    assert "videos without images, 1 time: clips/bare" in done.stdout


def test_a_change_of_shares_runs_nothing_before_the_training(
    mixed: tuple[Clone, set[str]], tmp_path: Path
) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    clone.pipelines("profile", "--set", "train.pairs.parts={clips: {weight: 2}}")
    assert clone.repro("imdb", "quality").ran == {"manifest", "quality"}, "which the fixture left out"
    clone.pipelines("profile", "--set", "train.pairs.parts={clips: {weight: 3}}")
    assert clone.repro("imdb", "quality").ran == {"manifest"}
    done = clone.pipelines("profile", "--set", "train.pairs.parts={nobody: {weight: 2}}", check=False)
    assert (done.returncode, "parts.nobody is about a part that is not in use" in done.stderr) == (1, True)


def test_own_clips_that_are_test_sequences_are_named_and_left_out(
    mixed: tuple[Clone, set[str]], tmp_path: Path
) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    shutil.copytree(clone.environment["DSLT_ROOTS_CLIPS"], tmp_path / "clips")
    shutil.copytree(tmp_path / "clips/my_clip", tmp_path / "clips/basketball")
    trees.images(clone.folder / "lists/there/walk/img", [f"{number:04d}.jpg" for number in range(20, 26)])
    (clone.folder / "lists/there/walk/groundtruth_rect.txt").write_text(trees.text(trees.BOXES, base=1))
    shutil.copy(tmp_path / "clips/my_clip/shot8.jpg", clone.folder / "lists/there/walk/img/0020.jpg")
    sequence = {"name": "walk", "folder": "walk", "start_frame": 20, "end_frame": 25}
    listing = {
        "schema": 1,
        "benchmark": "own",
        "title": "Own",
        "kind": "ope",
        "root": "there",
        "sequences": [sequence],
    }
    (clone.folder / "lists/own.json").write_text(json.dumps(listing))
    clone.environment["DSLT_ROOTS_CLIPS"] = str(tmp_path / "clips")
    clone.pipelines("profile", "--set", "dataset.benchmarks=[lists/own.json]")
    assert "part clips has 2 videos that begin as" in clone.pipelines("manifest").stderr
    recorded = json.loads((clone.folder / "data/manifest/clips.json").read_text())
    assert recorded["tested"] == {"basketball": "own/walk", "my_clip": "own/walk"}
    bytes_ = (clone.folder / "data/manifest/clips.json").read_bytes()
    shutil.move(clone.folder / "lists/there", tmp_path / "there")
    clone.pipelines("manifest")
    assert (clone.folder / "data/manifest/clips.json").read_bytes() == bytes_, (
        "where the benchmark is not at hand"
    )
    clone.pipelines("annotate", "clips")
    clone.pipelines("crop", "clips")
    notes = [
        line for line in clone.pipelines("quality").stderr.splitlines() if "are called as those of" in line
    ]
    assert len(notes) == 1, "lists of the same videos share a note"
    assert "1 videos that are called as those of dtb70 (some also in otb2015" in notes[0]
    report = json.loads((clone.folder / "reports/quality/quality.json").read_text())["tested"]["clips"]
    assert (report["called"]["otb2015"], report["first_frame_of"]) == (["basketball"], recorded["tested"])
    pictures = {path.name for path in (clone.folder / "reports/quality/pictures").iterdir()}
    assert {"crops_clips.jpg", "strange_clips.jpg", "crops_got.jpg", "strange_got.jpg"} <= pictures
    clone.pipelines("profile", "--set", "dataset.parts.clips.leave_out=[otb2015]")
    clone.pipelines("manifest")
    clone.pipelines("annotate", "clips")
    annotated = json.loads((clone.folder / "reports/annotate/clips.json").read_text())
    assert annotated["videos_left_out"] == {"otb2015": 1}


def test_crops_of_any_part_leave_as_loose_files(mixed: tuple[Clone, set[str]], tmp_path: Path) -> None:
    mixed[0].pipelines("classic", "export", str(tmp_path / "out"), "--no-exemplars")
    assert len(list((tmp_path / "out/Data/VID/train/clips/my_clip").glob("*.crop.x.jpg"))) == len(trees.BOXES)


def trained(clone: Clone) -> dict[str, Any]:
    """The report of a training on what was imported, which no other stage runs for."""
    assert clone.repro("--single-item", "train").ran == {"train"}
    report: dict[str, Any] = json.loads((clone.folder / "reports/train/train.json").read_text())
    return report


def test_crops_of_any_part_leave_in_pysots_form_and_come_back_to_be_trained_on(
    mixed: tuple[Clone, set[str]], tmp_path: Path
) -> None:
    clone, out = copy_of(mixed[0], tmp_path / "clone"), str(tmp_path / "out")
    before = videos(clone)
    clone.pipelines("classic", "export", out, "--form", "pysot", "--part", "a", "clips", "got")
    listed = [json.loads((tmp_path / f"out/{split}.json").read_text()) for split in ("train", "val")]
    assert {*listed[0], *listed[1]} == {name for name in before if not name.startswith("b/")}
    done = clone.pipelines("classic", "import", out, "--form", "pysot")
    assert "pixels: 255" in done.stdout
    assert "data/imdb lists these crops alone. Train on them: dvc repro --single-item train" in done.stdout
    assert videos(clone) == {*listed[0], *listed[1]}
    clone.pipelines("profile", "--set", "train.validation_pairs=0", "train.network.width=0.05")
    assert trained(clone)["data"]["videos"] >= 1


def test_folders_of_siamfc_are_trained_on(mixed: tuple[Clone, set[str]], tmp_path: Path) -> None:
    clone = copy_of(mixed[0], tmp_path / "clone")
    tree = write_siamfc(tmp_path / "siamfc", {f"video{number}": moving() for number in range(4)})
    clone.pipelines("profile", "--set", "train.network.width=0.05")
    clone.pipelines("classic", "import", str(tree), "--form", "siamfc", "--part", "vid")
    assert {name.partition("/")[0] for name in videos(clone)} == {"vid"}
    assert trained(clone)["centre_error"] > 0
    done = clone.pipelines(
        "classic", "import", str(tree), "--form", "siamfc", "--part", "../vid", check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
