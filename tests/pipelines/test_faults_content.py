"""Data that change between two stages, or cannot be read for a while, under the real DVC: nothing wrong is recorded;
and what was recorded wrongly before is found and mended, for everybody on the cache.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import pytest

from tests.pipelines.clone import Clone
from tests.pipelines.team import colleague, copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("content")]

UNCOMPARED = ("if unread or left_out or reading.digest(paths) != task.record.digest:", "if False:")
"""Crops as before frames were compared with the manifest."""


@pytest.fixture
def clone(curated: Clone, tmp_path: Path) -> Clone:
    """A clone with raw data of its own, and parameters that nobody has cropped with yet."""
    made = copy_of(curated, tmp_path / "clone")
    shutil.copytree(made.environment["DSLT_VID_ROOT"], tmp_path / "raw")
    made.environment["DSLT_VID_ROOT"] = str(tmp_path / "raw")
    made.pipelines("profile", "--set", "crop.quality=71")
    return made


def frame(clone: Clone) -> Path:
    return min(Path(clone.environment["DSLT_VID_ROOT"]).glob("Data/VID/train/*0000/*/000003.JPEG"))


def spoil(path: Path) -> bytes:
    """Put a negative in the frame's place; return what was there."""
    kept = path.read_bytes()
    assert cv2.imwrite(str(path.with_suffix(".jpg")), 255 - cv2.imread(str(path)))
    path.with_suffix(".jpg").replace(path)
    return kept


def put_back(path: Path, kept: Path) -> None:
    """With its old times, as `cp -a` or a mount that is there again does it."""
    shutil.copy2(kept, path)


def crops(clone: Clone) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (clone.folder / "data/crops/a").iterdir()}


def true_crops(clone: Clone) -> dict[str, bytes]:
    """Of the raw data as they are now, with an empty store, beside DVC."""
    before = crops(clone)
    shutil.rmtree(clone.folder / "data/.store/crops/a")
    clone.pipelines("crop", "a")
    found = crops(clone)
    assert before.keys() == found.keys()
    return found


def share(clone: Clone, cache: Path) -> None:
    (clone.folder / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n")


def joined(clone: Clone, folder: Path) -> Clone:
    """A colleague's new clone on the same cache, with the same parameters but without dvc.lock."""
    other = colleague(clone, folder, lock=False)
    shutil.copyfile(clone.folder / "params.yaml", folder / "params.yaml")
    share(other, clone.folder / ".dvc/cache")
    return other


def waiting(clone: Clone) -> int:
    report = json.loads((clone.folder / "reports/crop/a.json").read_text())
    return int(report["waiting"])


def test_a_frame_that_differs_between_manifest_and_crop_and_is_right_again(
    clone: Clone, tmp_path: Path
) -> None:
    clone.repro("annotate@a")
    kept = tmp_path / "kept"
    shutil.copy2(frame(clone), kept)
    spoil(frame(clone))
    refused = clone.repro("-s", "crop@a", check=False)
    assert refused.status
    assert f"{frame(clone)} is not what the manifest stage read" in refused.output
    assert "Run again: dvc repro" in refused.output
    put_back(frame(clone), kept)
    assert clone.repro("crop@a").ran == {"manifest", "crop@a"}
    assert crops(clone) == true_crops(clone)


def test_a_frame_that_stays_another_is_cropped_as_it_is_now(clone: Clone) -> None:
    clone.repro("annotate@a")
    spoil(frame(clone))
    assert clone.repro("-s", "crop@a", check=False).status
    assert {"manifest", "annotate@a", "crop@a"} <= clone.repro("crop@a").ran
    assert crops(clone) == true_crops(clone)


def test_an_annotation_that_differs_between_manifest_and_annotate(clone: Clone, tmp_path: Path) -> None:
    before = (clone.folder / "data/annotations/a.json").read_bytes()
    clone.pipelines("profile", "--set", "errors.max_skipped=0.5")  # so that annotate has to run
    clone.repro("manifest")
    xml = Path(str(frame(clone)).replace("/Data/", "/Annotations/")).with_suffix(".xml")
    kept = tmp_path / "kept"
    shutil.copy2(xml, kept)
    xml.write_text(xml.read_text().replace("<occluded>0</occluded>", "<occluded>1</occluded>"))
    refused = clone.repro("-s", "annotate@a", check=False)
    assert refused.status
    assert f"{xml} is not what the manifest stage read" in refused.output
    put_back(xml, kept)
    assert clone.repro("annotate@a").ran == {"manifest", "annotate@a"}
    assert (clone.folder / "data/annotations/a.json").read_bytes() == before


def test_a_frame_that_cannot_be_read_for_a_while_waits_and_is_cropped_in_the_end(
    clone: Clone, tmp_path: Path
) -> None:
    """Also where the whole crops are in the run-cache from before, which DVC then would not call the newest."""
    clone.pipelines("profile", "--set", "errors.policy=skip", "errors.max_skipped=0.5")
    clone.repro("crop@a")
    whole = crops(clone)
    kept = tmp_path / "kept"
    path = frame(clone)
    shutil.copy2(path, kept)
    shutil.rmtree(clone.folder / "data/.store/crops")
    path.unlink()
    part = clone.repro("-f", "-s", "crop@a")
    assert "wait for frames that could not be read" in part.output
    boxes = waiting(clone)
    assert boxes >= 1
    assert crops(clone) != whole
    put_back(path, kept)

    # Nothing has changed, as DVC sees it; but the manifest stage says what to run, here and where it is restored.
    again = clone.repro("crop@a")
    assert again.ran == {"manifest"}
    command = "dvc repro -f -s crop@a"
    assert f"a: {boxes} boxes wait" in again.output.replace("1 box waits", "1 boxes wait")
    assert command in again.output
    second = joined(clone, tmp_path / "second")
    assert command in second.repro("manifest", "crop@a").output + second.repro("manifest").output

    clone.run(*command.split())
    assert (waiting(clone), crops(clone)) == (0, whole)
    assert "wait" not in clone.repro("crop@a").output
    third = joined(clone, tmp_path / "third")
    assert third.repro("crop@a").restored >= {"crop@a"}
    assert crops(third) == whole


def test_wrong_crops_that_are_recorded_already_are_mended_for_everybody(clone: Clone, tmp_path: Path) -> None:
    clone.repro("annotate@a")
    code = clone.folder / "curation/crops/crop_video.py"
    right = code.read_text()
    assert UNCOMPARED[0] in right
    code.write_text(right.replace(*UNCOMPARED))
    kept = tmp_path / "kept"
    shutil.copy2(frame(clone), kept)
    spoil(frame(clone))
    clone.repro("-s", "crop@a")
    put_back(frame(clone), kept)
    code.write_text(right)
    second = joined(clone, tmp_path / "second")
    assert clone.repro("crop@a").ran == {"manifest"}
    assert "crop@a" in second.repro("crop@a").restored
    poisoned = crops(clone)
    assert crops(second) == poisoned
    assert "another crop of track" in clone.pipelines("manifest", "--strict").stderr

    for one in (clone, second):
        doctor = one.pipelines("doctor", "store", check=False)
        assert doctor.returncode == 1
        assert f"another crop of track 0 in {frame(clone)}" in doctor.stdout
        mended = one.pipelines("doctor", "store", "--mend").stdout
        assert "dvc repro -f -s crop@a" in mended
        one.repro("-f", "-s", "crop@a")
        assert one.pipelines("doctor", "store", "--strict").returncode == 0
        assert one.repro("crop@a").ran == {"manifest"}
    third = joined(clone, tmp_path / "third")
    assert "crop@a" in third.repro("crop@a").restored
    found = crops(clone)
    assert found != poisoned
    assert found == crops(second) == crops(third) == true_crops(clone)


def test_crops_and_weights_recorded_under_other_parameters_are_mended(clone: Clone, tmp_path: Path) -> None:
    """As DVC records them where params.yaml is edited while a stage runs and nobody looks again."""
    clone.pipelines("profile", "--set", "train.seed=7")
    clone.repro("train")
    clone.pipelines("profile", "--set", "crop.quality=60", "train.seed=0")
    clone.run("dvc", "commit", "--force", "crop@a", "train")
    doctor = clone.pipelines("doctor", "store", check=False)
    assert doctor.returncode == 1
    assert "crop.quality is 71, recorded as 60" in doctor.stdout
    assert "train.seed is 7, recorded as 0" in doctor.stdout
    mended = clone.pipelines("doctor", "store", "--mend").stdout
    assert "dvc repro -f -s crop@a train" in mended
    clone.repro("-f", "-s", "crop@a")
    assert json.loads((clone.folder / "data/crops/a/index.json").read_text())["crop"]["quality"] == 60
    assert crops(clone) == true_crops(clone)
    second = joined(clone, tmp_path / "second")
    assert "crop@a" in second.repro("crop@a").restored
    assert crops(second) == crops(clone)
    records = clone.pipelines("doctor", "store", check=False).stdout
    assert "train.seed is 7" in records, "in dvc.lock, until train has run again"
    assert "crop.quality" not in records
