"""Which images of a folder are one sequence, and what is refused with a way out that works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from curation.errors import InputError
from training.tracking.video.frame_files import (
    folder_images,
    is_pattern,
    listed_images,
    pattern_images,
)


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_hidden_files_and_those_that_are_no_images_are_nobodys_frames(tmp_path: Path) -> None:
    fill(
        tmp_path, "0002.jpg", "0001.jpg", "._0001.jpg", "._0002.jpg", "Thumbs.db", "notes.txt", ".hidden.png"
    )
    assert [file.name for file in folder_images(tmp_path)] == ["0001.jpg", "0002.jpg"]


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (["00000.jpg", "00000.png", "00001.jpg", "00001.png"], "2 #.jpg, 2 #.png"),
        (["left_1.png", "left_2.png", "right_1.png"], "2 left_#.png, 1 right_#.png"),
        (["1.jpg", "2.jpg", "cover.jpg"], "2 #.jpg, 1 cover.jpg"),
        (["1.JPG", "2.jpg"], "1 #.JPG, 1 #.jpg"),
    ],
)
def test_several_kinds_are_refused_and_every_way_out_leads_somewhere(
    tmp_path: Path, names: list[str], kinds: str
) -> None:
    folder = fill(tmp_path / "it's a [clip]", *names)
    with pytest.raises(InputError, match=re.escape(kinds)) as caught:
        folder_images(folder)
    one, or_, other, *rest = shlex.split(caught.value.do.partition(": ")[2].replace(";", ""))
    assert or_ == "or"
    files = [[Path(way)] if Path(way).exists() else pattern_images(way) for way in (one, other)]
    assert sorted(file.name for found in files for file in found) == sorted(names)
    assert len(pattern_images(rest[-1])) == len(names)


@pytest.mark.parametrize("names", [["1.png", "01.png"], ["a1b2.png", "a01b2.png"]])
def test_two_files_of_one_number_are_refused_however_they_are_named(tmp_path: Path, names: list[str]) -> None:
    fill(tmp_path, *names)
    for read in (
        lambda: folder_images(tmp_path),
        lambda: pattern_images(f"{tmp_path}/*.png"),
        lambda: listed_images([f"{tmp_path}/{name}" for name in names]),
    ):
        with pytest.raises(InputError, match="which have the same number") as caught:
            read()
    assert len(pattern_images(shlex.split(caught.value.do)[-1])) == 2


def test_masks_beside_frames_are_refused_however_they_are_named(tmp_path: Path) -> None:
    names = ["00000.jpg", "00000.png", "00001.jpg", "00001.png"]
    fill(tmp_path, *names)
    with pytest.raises(InputError, match=r"several kinds of images: 2 #\.jpg, 2 #\.png"):
        listed_images([f"{tmp_path}/{name}" for name in names])  # as a shell expands *
    with pytest.raises(InputError, match="which have the same number"):
        pattern_images(f"{tmp_path}/*")


def test_a_folder_is_no_kind_of_image(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png")
    (tmp_path / "sub.png").mkdir()
    (tmp_path / "3.png").mkdir()  # stands where a frame should
    for files in (folder_images(tmp_path), pattern_images(f"{tmp_path}/*.png")):
        assert [file.name for file in files] == ["1.png", "2.png", "3.png"]


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([1, 2, 3, 5, 6], "4"),
        ([1, 2, 3, 6, 7, 9, 10], "4-5, 8"),
        ([0, 5, 10, 20, 25], "15"),
        ([0, 5, 10, 15], None),
        ([33, 66, 100, 133, 167, 300], None),  # times
        ([7, 9], None),
        ([1, 40, 97], None),
    ],
)
def test_missing_numbers_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, numbers: list[int], missing: str | None
) -> None:
    fill(tmp_path, *(f"clip2_{number:04d}.png" for number in numbers))
    assert len(folder_images(tmp_path)) == len(numbers)
    found = [record.getMessage() for record in caplog.records]
    ending = "are missing; the next ones take their place"
    assert found == ([f"{tmp_path}: images numbered {missing} {ending}"] if missing else [])


def test_a_folder_above_the_frames_says_where_they_are(tmp_path: Path) -> None:
    fill(tmp_path / "img", "0001.jpg")
    fill(tmp_path / "masks", "0001.txt")
    with pytest.raises(InputError, match=r"holds no images.*/img$"):
        folder_images(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("%d.jpg", ["1.jpg", "02.jpg", "000003.jpg"]),
        ("%06d.jpg", ["000003.jpg"]),
        ("*.jpg", ["1.jpg", "02.jpg", "000003.jpg", "x9.jpg"]),
        ("x%d.jpg", ["x9.jpg"]),
        ("0*.jpg", ["02.jpg", "000003.jpg"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, found: list[str]) -> None:
    fill(tmp_path, "1.jpg", "02.jpg", "000003.jpg", "x9.jpg", "._4.jpg", "5.png")
    assert is_pattern(pattern)
    assert [file.name for file in pattern_images(str(tmp_path / pattern))] == found


@pytest.mark.parametrize("pattern", ["none/%d.jpg", "*.tif", "%d.txt"])
def test_a_pattern_of_nothing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.chdir(fill(tmp_path, "1.jpg", "1.txt"))
    with pytest.raises(InputError, match="no image is named"):
        pattern_images(pattern)
