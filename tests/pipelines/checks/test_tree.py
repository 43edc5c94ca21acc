"""The doctor's look at a dataset tree: every planted fault is named, with what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.videos.dataset import PartConfig, open_dataset
from pipelines.checks import tree
from pipelines.checks.finding import Finding
from pipelines.checks.tree import check_part, check_tree
from tests.curation.layouts import layout_trees as trees
from tests.curation.trees import UNPACKED, frame_xml, object_xml, video_folders, write_tree

JPEG = bytes(cv2.imencode(".jpg", np.full((240, 320, 3), 90, np.uint8))[1])


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "tree")
    for image in root.rglob("*.JPEG"):
        image.write_bytes(JPEG)
    return root


def problems(findings: list[Finding]) -> dict[str, str]:
    """What is not in order, by check, but for the counts that no small tree meets."""
    found: dict[str, str] = {}
    for f in findings:
        if f.status != "ok" and not f.check.startswith("ILSVRC"):
            found[f.check] = f"{found[f.check]} | {f.message}" if f.check in found else f.message
    return found


def test_a_sound_tree_has_no_problems(whole: Path) -> None:
    findings = check_tree(whole)
    assert problems(findings) == {}
    messages = {f.check: f.message for f in findings}
    assert messages["subset a"] == "2 videos, 6 frames (6 of them read)"
    assert messages["ILSVRC train"] == "8 of 3,862 published videos, 24 of 1,122,397 frames"
    assert messages["ILSVRC val"] == "2 of 555 published videos, 6 of 176,126 frames"
    assert all(f.cure for f in findings if f.status != "ok")


def test_the_published_numbers_are_met_exactly(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "PUBLISHED", {"val": (("e",), 2, 6)})
    assert {f.check: f.status for f in check_tree(whole)}["ILSVRC val"] == "ok"
    monkeypatch.setattr(tree, "PUBLISHED", {"val": (("e",), 2, 7)})
    assert {f.check: f.status for f in check_tree(whole)}["ILSVRC val"] == "warn"


def test_subsets_that_are_not_in_use_are_not_looked_at(whole: Path) -> None:
    shutil.rmtree(whole / "Data/VID/train")
    findings = check_tree(whole, ["e"])
    assert problems(findings) == {}
    assert [f.check for f in findings] == ["dataset root", "subset e", "ILSVRC val"]


def test_a_missing_root_is_one_failure(tmp_path: Path) -> None:
    (finding,) = check_tree(tmp_path / "absent")
    assert (finding.check, finding.status) == ("dataset root", "fail")
    assert "absent is missing" in finding.message
    assert "Data/VID" in finding.cure


def test_missing_parts_are_named(whole: Path) -> None:
    images, annotations = (
        whole / t / "VID" / UNPACKED["b"] / "ILSVRC2015_video_b0001" for t in ("Data", "Annotations")
    )
    (images / "000001.JPEG").unlink()
    (annotations / "000002.xml").unlink()
    video_folders(whole, "c", "hollow")
    for tree_name in ("Data", "Annotations"):
        (whole / tree_name / "VID" / "val").rename(whole / tree_name / "VID" / "elsewhere")
    said = problems(check_tree(whole))
    assert said["subset b"] == " | ".join(
        f"{has} without {lacks}, 1 time: 1 frame of b/ILSVRC2015_video_b0001 without {lacks}, the first {file}"
        for has, lacks, file in (("JPEG", "XML", "000002.JPEG"), ("XML", "JPEG", "000001.xml"))
    )
    assert "videos without images, 1 time: c/hollow (" in said["subset c"]
    assert "subset e has no videos" in said["subset e"]


def test_long_lists_are_cut(whole: Path) -> None:
    for number in range(5):
        video_folders(whole, "c", f"hollow{number}")
    message = re.sub(r" \(.*?\)", "", problems(check_tree(whole))["subset c"])
    assert message == "videos without images, 5 times: c/hollow0; c/hollow1; c/hollow2 and 2 more"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "zero bytes"), (JPEG[:-200], "cut short"), (b"GIF89a" * 9, "not a JPEG")],
    ids=["empty", "truncated", "foreign"],
)
def test_unreadable_images_in_the_sample_are_named(whole: Path, content: bytes, said: str) -> None:
    fault = whole / "Data" / "VID" / UNPACKED["d"] / "ILSVRC2015_video_d0000" / "000001.JPEG"
    fault.write_bytes(content)
    message = problems(check_tree(whole))["subset d"]
    assert ", 1 time: " in message
    assert str(fault) in message
    assert said in message


def test_bad_annotations_and_wrong_sizes_in_the_sample_are_named(whole: Path) -> None:
    folder = whole / "Annotations" / "VID" / UNPACKED["d"] / "ILSVRC2015_video_d0000"
    (folder / "000000.xml").write_bytes(b"<annotation>")
    (folder / "000001.xml").write_bytes(frame_xml([object_xml(5, (900, 0, 910, 9))]))
    (folder / "000002.xml").write_bytes(frame_xml(size=(100, 100)))
    message = problems(check_tree(whole))["subset d"]
    for said in ("000000.xml is not well-formed", "track 5", "320 x 240"):
        assert said in message


def test_the_sample_is_small_andspread(whole: Path) -> None:
    videos = [(video, video.frames()) for subset in "abcde" for video in open_dataset(whole).videos(subset)]
    chosen = tree.spread(videos, 5)
    assert len({video.subset for video, _ in chosen}) == len(chosen) == 5
    assert len({number for _, number in chosen}) > 1
    assert len(tree.spread(videos, 30)) == len(tree.spread(videos, 1000)) == 30
    assert tree.spread([], 5) == []


def test_without_opencv_the_rest_is_still_checked(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_decoder", lambda: None)
    findings = check_tree(whole)
    assert problems(findings) == {}
    assert findings[1].message == "2 videos, 6 frames (none read: OpenCV does not load)"


@pytest.mark.parametrize("layout", trees.MAKERS)
def test_a_sound_part_of_each_layout(tmp_path: Path, layout: str) -> None:
    trees.MAKERS[layout](tmp_path)
    (finding,) = checked(tmp_path, layout)
    assert (finding.status, finding.check) == ("ok", "part mine")
    assert re.match(r"\d video(s)?, \d frames", finding.message)


def checked(root: Path, layout: str) -> list[Finding]:
    return check_part("mine", lambda _: open_dataset(root, PartConfig(layout=layout)), sample=20)


@pytest.mark.parametrize(
    ("layout", "file", "content", "said"),
    [
        (
            "got10k",
            "train/one/groundtruth.txt",
            b"1,2,3,4\n1,2,3\n" + b"1,2,3,4\n" * 4,
            "row 2: '1,2,3' is not 4",
        ),
        ("got10k", "train/one/cover.label", b"8\n8\n", "has 2 flags, but 6 boxes"),
        ("got10k", "train/one/00000003.jpg", None, "has 6 rows, but there are 5 images"),
        ("got10k", "train/one/00000003.jpg", b"\xff\xd8 no more", "00000003.jpg"),
        ("got10k", "train/list.txt", b"one\ntwo\n", "names two, and there is no such video"),
        ("lasot", "airplane/airplane-1/groundtruth.txt", None, "groundtruth.txt is missing"),
        ("trackingnet", "TRAIN_0/anno/abc_1.txt", None, "videos without annotation, 1 time: mine/abc_1"),
        ("mot", "street/gt/gt.txt", b"1,3,nan,2,3,4,1,1,1\n", "gt.txt"),
        ("clips", "my_clip/groundtruth.txt", b"1,2,nan,4\n" * 6, "bad number, 6 times"),
        ("coco", "train2017/a.jpg", None, "row without image, 1 time"),
        (
            "det",
            "Annotations/DET/train/ILSVRC2013_train/n00007846/n1_2.xml",
            None,
            "without XML, the first n1_2.JPEG",
        ),
    ],
)
def test_where_the_next_run_would_stop_a_part_fails(
    tmp_path: Path, layout: str, file: str, content: bytes | None, said: str
) -> None:
    trees.MAKERS[layout](tmp_path)
    path = tmp_path / file
    path.unlink() if content is None else path.write_bytes(content)
    failed = [finding for finding in checked(tmp_path, layout) if finding.status == "fail"]
    assert failed, "the doctor passes it"
    assert said in failed[0].message
    assert "\n" not in failed[0].message
    assert failed[0].cure


def test_what_rules_leave_out_of_a_part_is_counted_and_no_fault(tmp_path: Path) -> None:
    trees.got10k(tmp_path, flags={"absence.label": "0\n1\n0\n0\n0\n0\n"})
    assert [(f.status, f.message) for f in checked(tmp_path, "got10k")] == [
        ("ok", "1 video, 6 frames (6 of them read), 1 boxes absent")
    ]
