"""Both layouts of the VID tree, in place, with one result; and everything that is no such tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import InputError
from curation.layouts.vid_layout import SUBSETS
from curation.videos.dataset import MISSING_ROOT, open_dataset
from tests.curation.trees import RENAMED, UNPACKED, video_folders, write_tree, write_video


@pytest.mark.parametrize("layout", [UNPACKED, RENAMED], ids=["unpacked", "renamed"])
def test_lists_every_subset_sorted_by_name(tmp_path: Path, layout: dict[str, str]) -> None:
    for name in ("v_c", "v_a", "v_b"):
        write_video(tmp_path, "a", name, layout=layout)
    write_video(tmp_path, "e", "v_e", layout=layout)
    dataset = open_dataset(tmp_path)
    assert dataset.subsets == ("a", "e")
    videos = dataset.videos("a")
    assert [video.key for video in videos] == ["a/v_a", "a/v_b", "a/v_c"]
    assert videos[0].folder == tmp_path / "Data" / "VID" / layout["a"] / "v_a"
    assert videos[0].annotations.path_of("") == tmp_path / "Annotations" / "VID" / layout["a"] / "v_a"
    assert [video.key for video in dataset.videos("e")] == ["e/v_e"]


def test_both_layouts_give_the_same_videos(tmp_path: Path) -> None:
    unpacked = open_dataset(write_tree(tmp_path / "unpacked"))
    renamed = open_dataset(write_tree(tmp_path / "renamed", layout=RENAMED))
    assert unpacked.subsets == renamed.subsets == SUBSETS
    for subset in SUBSETS:
        assert [v.key for v in unpacked.videos(subset)] == [v.key for v in renamed.videos(subset)]


def test_a_tree_may_be_half_renamed(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "v", layout=UNPACKED)
    write_video(tmp_path, "b", "v", layout=RENAMED)
    (tmp_path / "Data" / "VID" / "val").mkdir()  # left behind empty after its videos were moved
    write_video(tmp_path, "e", "v", layout=RENAMED)
    assert open_dataset(tmp_path).subsets == ("a", "b", "e")
    assert len(open_dataset(tmp_path).videos("e")) == 1


def test_a_symlinked_root_and_symlinked_subsets_work(tmp_path: Path) -> None:
    write_tree(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    train = tmp_path / "real" / "Data" / "VID" / "train"
    (train / "a").symlink_to(
        train / "ILSVRC2015_VID_train_0000"
    )  # both names, one folder: not a contradiction
    dataset = open_dataset(tmp_path / "link")
    assert dataset.subsets == SUBSETS
    assert [v.name for v in dataset.videos("a")] == ["ILSVRC2015_video_a0000", "ILSVRC2015_video_a0001"]


def test_frame_files_are_addressed_by_number(tmp_path: Path) -> None:
    images, annotations = write_video(tmp_path, "a", "v", 2)
    (images / "000010.JPEG").touch()
    for stray in (".000011.JPEG", "12.JPEG", "000013.jpg", "Thumbs.db"):
        (images / stray).touch()
    (annotations / "000001.xml").unlink()
    (video,) = open_dataset(tmp_path).videos("a")
    assert list(video.frames()) == [0, 1, 10]
    assert video.annotations.names() == ["000000.xml"]
    assert video.image(10) == images / "000010.JPEG"
    assert video.annotation(10) == annotations / "000010.xml"


def test_a_video_in_one_tree_only_is_listed(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "both")
    images, _ = video_folders(tmp_path, "a", "frames_only")
    (tmp_path / "Annotations" / "VID" / UNPACKED["a"] / "frames_only").rmdir()
    (images / "000000.JPEG").touch()
    (tmp_path / "Annotations" / "VID" / UNPACKED["a"] / "xml_only").mkdir()
    (tmp_path / "Data" / "VID" / UNPACKED["a"] / ".hidden").mkdir()
    (tmp_path / "Data" / "VID" / UNPACKED["a"] / "readme.txt").touch()
    videos = open_dataset(tmp_path).videos("a")
    assert [v.name for v in videos] == ["both", "frames_only", "xml_only"]
    assert videos[1].annotations.names() == []
    assert videos[2].frames() == {}


def test_a_missing_root_has_its_own_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.* is missing") as caught:
        open_dataset(tmp_path / "absent")
    assert caught.value.reason == MISSING_ROOT


def test_a_root_one_level_too_high_is_pointed_out(tmp_path: Path) -> None:
    write_tree(tmp_path / "ILSVRC2015")
    with pytest.raises(InputError, match=f"Did you mean {tmp_path / 'ILSVRC2015'}"):
        open_dataset(tmp_path)


def test_a_tree_without_annotations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Data" / "VID" / "val" / "v").mkdir(parents=True)
    with pytest.raises(InputError, match="no folder Annotations/VID"):
        open_dataset(tmp_path)


def test_a_tree_of_another_form_is_refused(tmp_path: Path) -> None:
    for tree in ("Data", "Annotations"):
        (tmp_path / tree / "VID" / "train" / "some_video").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no subset") as caught:
        open_dataset(tmp_path)
    assert caught.value.reason == "unknown layout"


def test_an_absent_or_empty_subset_is_named(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "v")
    (tmp_path / "Data" / "VID" / "train" / "b").mkdir()
    dataset = open_dataset(tmp_path)
    for subset in ("b", "c"):
        with pytest.raises(InputError, match=f"subset {subset} has no videos") as caught:
            dataset.videos(subset)
        assert caught.value.reason == "empty subset"


def test_an_unknown_subset_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "v")
    with pytest.raises(InputError, match="no subset 'f'"):
        open_dataset(tmp_path).videos("f")


def test_a_subset_in_both_layouts_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "v", layout=UNPACKED)
    write_video(tmp_path, "a", "w", layout=RENAMED)
    with pytest.raises(InputError, match="subset a is there twice"):
        open_dataset(tmp_path).videos("a")


def test_a_video_name_that_could_not_go_into_an_index_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path, "a", "two words")
    with pytest.raises(InputError, match=r"'two words'.*is not plain"):
        open_dataset(tmp_path).videos("a")


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path, "a", "v")
    (video,) = open_dataset(tmp_path).videos("a")

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("os.scandir", refuse)
    for look in (video.frames, video.annotations.names, lambda: open_dataset(tmp_path)):
        with pytest.raises(InputError, match=r"cannot read .*Permission denied"):
            look()
