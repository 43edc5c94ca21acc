"""A file that differs between the manifest and a later stage, and may be right again: nothing wrong is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.crops import crop_video
from curation.crops.crop_config import CropConfig
from curation.digests.checksums import CHANGED
from curation.errors import ErrorPolicy, InputError
from curation.manifest import scan
from curation.parallel import Workers
from curation.videos import video_files
from curation.videos.annotations import annotate_subset
from curation.videos.dataset import open_dataset
from tests.curation.crops.crop_trees import (
    ONE,
    STATE,
    SUBSET,
    contents,
    crop_as_stage,
    documents,
    jpeg,
    picture,
    write_pictures,
)
from tests.curation.trees import frame_xml, object_xml, video_folders

VIDEO = "ILSVRC2015_val_00000002"
"""The last one: the others are finished before its fault shows."""
RAISE = ErrorPolicy()
SKIP = ErrorPolicy(policy="skip", max_skipped=0.5)

Change = Callable[[Path], object]


class Curation:
    """A tree of three videos, of three frames with two boxes each, and the documents made of it as it is now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = write_pictures(folder / "tree", 3)
        self.images, self.xmls = video_folders(self.root, SUBSET, VIDEO)
        self.look()

    def look(self) -> None:
        """Run the manifest and the annotate stage."""
        self.dataset, self.annotations, self.manifest = documents(self.root)

    def crop(
        self, policy: ErrorPolicy = RAISE, *, jobs: int = 1, out: str = "out", store: str = "store"
    ) -> dict[str, Any]:
        return crop_as_stage(
            self.dataset,
            SUBSET,
            self.annotations,
            self.manifest,
            CropConfig(),
            self.folder / out,
            self.folder / store,
            policy,
            Workers(jobs=jobs),
        )

    def truth(self) -> dict[str, bytes]:
        """The crops of the tree as it is now, made with an empty store."""
        shutil.rmtree(self.folder / "true store", ignore_errors=True)
        self.look()
        self.crop(out="true", store="true store")
        return contents(self.folder / "true")


@pytest.fixture
def curation(tmp_path: Path) -> Curation:
    return Curation(tmp_path)


def forget_checksums(curation: Curation) -> None:
    """As in a clone whose manifest was made before checksums were kept."""
    shutil.rmtree(curation.root / STATE / "checksums")


def negative(images: Path) -> None:
    (images / "000001.JPEG").write_bytes(jpeg(picture(99)))


def same_size_and_time(images: Path) -> None:
    """What `stat` cannot see."""
    file = images / "000001.JPEG"
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def swapped(images: Path) -> None:
    (images / "000001.JPEG").rename(images / "spare")
    (images / "000002.JPEG").rename(images / "000001.JPEG")
    (images / "spare").rename(images / "000002.JPEG")


def cut_short(images: Path) -> None:
    os.truncate(images / "000001.JPEG", 200)


def one_more(images: Path) -> None:
    shutil.copyfile(images / "000001.JPEG", images / "000007.JPEG")


def renamed(images: Path) -> None:
    (images / "000001.JPEG").rename(images / "000009.JPEG")
    shutil.copyfile(images / "000002.JPEG", images / "000001.JPEG")
    (images / "000002.JPEG").unlink()


CHANGES: dict[str, Change] = {
    change.__name__: change for change in (negative, same_size_and_time, swapped, cut_short, one_more)
}


@pytest.mark.parametrize("kept", [True, False], ids=["checksums", "no checksums"])
@pytest.mark.parametrize("policy", [RAISE, SKIP], ids=["raise", "skip"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_frame_that_differs_while_crop_runs_and_is_right_again(
    curation: Curation, change: str, policy: ErrorPolicy, kept: bool
) -> None:
    if not kept:
        forget_checksums(curation)
    spare = curation.folder / "spare"
    shutil.copytree(curation.images, spare)
    CHANGES[change](curation.images)
    with pytest.raises(InputError) as caught:
        curation.crop(policy)
    assert caught.value.reason == CHANGED
    assert str(curation.images / "0000") in caught.value.what
    assert "dvc repro" in caught.value.do
    assert not (curation.folder / "out").exists()

    shutil.rmtree(curation.images)
    shutil.copytree(spare, curation.images)
    assert curation.crop(policy)["reused"] == 2, "the other videos were kept"
    assert contents(curation.folder / "out") == curation.truth()


@pytest.mark.parametrize("change", [*CHANGES.values(), renamed])
def test_running_again_mends_it_where_the_change_stays(curation: Curation, change: Change) -> None:
    """Also where `stat` sees no change: the manifest is not told to be strict."""
    change(curation.images)
    with pytest.raises(InputError) as caught:
        curation.crop(SKIP)
    assert caught.value.reason == CHANGED
    before = curation.manifest
    dataset = open_dataset(curation.root)
    after = scan(dataset, SUBSET, state=curation.root / STATE, strict=False, workers=ONE)
    assert after.entries[VIDEO] != before.entries[VIDEO]
    curation.manifest = after
    arguments = (dataset, SUBSET, after, SKIP, ONE)
    curation.annotations, _ = annotate_subset(*arguments, state=curation.root / STATE)
    curation.crop(SKIP)


def test_a_frame_that_is_another_at_the_very_moment_it_is_decoded(
    curation: Curation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right before, right after: what is hashed is what is decoded."""
    real = crop_video.load_frame
    other = jpeg(picture(99))

    def load(path: Path) -> bytes:
        return other if path == curation.images / "000001.JPEG" else real(path)

    monkeypatch.setattr(crop_video, "load_frame", load)
    with pytest.raises(InputError, match=r"000001\.JPEG is not what the manifest stage read"):
        curation.crop()
    monkeypatch.undo()
    curation.crop()
    assert contents(curation.folder / "out") == curation.truth()


def test_pixels_come_from_the_bytes_that_were_hashed(
    curation: Curation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be replaced as soon as it has been read."""
    real = crop_video.load_frame

    def load(path: Path) -> bytes:
        content = real(path)
        path.write_bytes(jpeg(picture(99)))
        return content

    expected = curation.truth()
    spare = curation.folder / "spare"
    shutil.copytree(curation.root, spare)
    monkeypatch.setattr(crop_video, "load_frame", load)
    curation.crop()
    assert contents(curation.folder / "out") == expected


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_video_in_order_is_named_for_any_number_of_workers(curation: Curation, jobs: int) -> None:
    for video in sorted(curation.annotations.videos):
        negative(video_folders(curation.root, SUBSET, video)[0])
    with pytest.raises(InputError) as caught:
        curation.crop(jobs=jobs)
    assert min(curation.annotations.videos) in str(caught.value)


ONE_BOX = frame_xml([object_xml(0, (1, 2, 30, 40))], size=(96, 72))


def other_box(xmls: Path) -> None:
    (xmls / "000001.xml").write_bytes(ONE_BOX)


def malformed(xmls: Path) -> None:
    (xmls / "000001.xml").write_bytes(b"<annotation>")


def xml_gone(xmls: Path) -> None:
    (xmls / "000001.xml").unlink()


def xml_more(xmls: Path) -> None:
    (xmls / "000007.xml").write_bytes(ONE_BOX)


def xmls_swapped(xmls: Path) -> None:
    (xmls / "000001.xml").rename(xmls / "spare")
    (xmls / "000002.xml").rename(xmls / "000001.xml")
    (xmls / "spare").rename(xmls / "000002.xml")


@pytest.mark.parametrize("kept", [True, False], ids=["checksums", "no checksums"])
@pytest.mark.parametrize("policy", [RAISE, SKIP], ids=["raise", "skip"])
@pytest.mark.parametrize("change", [other_box, malformed, xml_gone, xml_more, xmls_swapped])
def test_an_xml_that_differs_while_annotate_runs(
    curation: Curation, change: Change, policy: ErrorPolicy, kept: bool
) -> None:
    if not kept:
        forget_checksums(curation)
    change(curation.xmls)
    with pytest.raises(InputError) as caught:
        annotate_subset(curation.dataset, SUBSET, curation.manifest, policy, ONE, state=curation.root / STATE)
    assert caught.value.reason == CHANGED
    assert str(curation.xmls / "0000") in caught.value.what


@pytest.mark.parametrize("kept", [True, False], ids=["checksums", "no checksums"])
@pytest.mark.parametrize("policy", [RAISE, SKIP], ids=["raise", "skip"])
def test_a_frame_that_is_gone_or_renamed_while_annotate_runs(
    curation: Curation, policy: ErrorPolicy, kept: bool
) -> None:
    """Its boxes would be missing from the annotations for ever."""
    if not kept:
        forget_checksums(curation)
    arguments = (curation.dataset, SUBSET, curation.manifest, policy, ONE)
    frame = curation.images / "000001.JPEG"
    for new in (None, curation.images / "000009.JPEG"):
        if new is None:
            frame.unlink()
        else:
            shutil.copyfile(curation.images / "000000.JPEG", new)
        with pytest.raises(InputError) as caught:
            annotate_subset(*arguments, state=curation.root / STATE)
        assert caught.value.reason == CHANGED


@pytest.mark.parametrize("policy", [RAISE, SKIP], ids=["raise", "skip"])
def test_an_xml_that_cannot_be_read_is_never_left_out(
    curation: Curation, policy: ErrorPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = video_files.load_annotation

    def load(path: Path) -> bytes:
        if path.name == "000001.xml":
            raise InputError(f"cannot read {path}: Input/output error", reason="unreadable file")
        return real(path)

    monkeypatch.setattr(video_files, "load_annotation", load)
    with pytest.raises(InputError, match=r"cannot read .*000001\.xml: Input/output error"):
        annotate_subset(curation.dataset, SUBSET, curation.manifest, policy, ONE, state=curation.root / STATE)


def test_a_video_more_or_less_than_on_record(curation: Curation) -> None:
    shutil.copytree(curation.images, curation.images.with_name("another"))
    for words in ("e/another was not there", f"e/{VIDEO} is gone"):
        with pytest.raises(InputError, match=words):
            annotate_subset(
                open_dataset(curation.root),
                SUBSET,
                curation.manifest,
                RAISE,
                ONE,
                state=curation.root / STATE,
            )
        shutil.rmtree(curation.images.with_name("another"), ignore_errors=True)
        shutil.rmtree(curation.images, ignore_errors=True)
        shutil.rmtree(curation.xmls, ignore_errors=True)
