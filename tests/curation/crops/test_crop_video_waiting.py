"""Under the policy `skip`, a frame that cannot be read is left out for now, and tried again by the next run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.crops import crop_video
from curation.crops.crop_index import load_crop_index
from curation.crops.store import Store
from curation.digests.checksums import CHANGED
from curation.errors import ErrorPolicy, InputError
from tests.curation.crops.crop_trees import SUBSET, contents, jpeg, picture
from tests.curation.test_changed_files import RAISE, SKIP, VIDEO, Curation, forget_checksums
from tests.curation.trees import frame_xml


@pytest.fixture
def curation(tmp_path: Path) -> Curation:
    return Curation(tmp_path)


def gone(path: Path) -> None:
    path.unlink()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def sparse(path: Path) -> None:
    os.truncate(path, 8 << 30)


def endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


UNREADABLE: dict[str, Callable[[Path], None]] = {
    "missing image": gone,
    "pipe": pipe,
    "folder": folder,
    "file too large": sparse,
    "endless": endless,
}


def put_back(curation: Curation, spare: Path) -> None:
    shutil.rmtree(curation.images)
    shutil.copytree(spare, curation.images)


@pytest.fixture
def spare(curation: Curation) -> Path:
    return Path(shutil.copytree(curation.images, curation.folder / "spare"))


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_frame_that_cannot_be_read_waits_and_is_cropped_when_it_can(
    curation: Curation, spare: Path, fault: str
) -> None:
    path = curation.images / "000001.JPEG"
    UNREADABLE[fault](path)
    first = curation.crop(SKIP)
    assert (first["crops"], first["skipped"]["skipped"], first["waiting"]) == (16, 2, 2)
    assert str(path) in str(first["skipped"]["examples"])
    index = load_crop_index(curation.folder / "out")
    assert index.videos[VIDEO].frame.tolist() == [0, 0, 2, 2]
    part = contents(curation.folder / "out")

    again = curation.crop(SKIP)
    assert (again["crops"], again["waiting"], again["skipped"]) == (16, 2, first["skipped"])
    assert contents(curation.folder / "out") == part, "the same for as long as it cannot be read"

    put_back(curation, spare)
    last = curation.crop(SKIP)
    assert (last["crops"], last["skipped"]["skipped"], last["waiting"], last["reused"]) == (18, 0, 0, 2)
    assert contents(curation.folder / "out") == curation.truth()


@pytest.mark.parametrize("fault", UNREADABLE)
def test_under_the_policy_raise_it_stops_by_name(curation: Curation, spare: Path, fault: str) -> None:
    path = curation.images / "000001.JPEG"
    UNREADABLE[fault](path)
    with pytest.raises(InputError) as caught:
        curation.crop(RAISE)
    assert str(path) in caught.value.what
    assert "run again" in caught.value.do
    put_back(curation, spare)
    assert curation.crop(RAISE)["crops"] == 18


def test_a_part_never_does_for_the_whole(curation: Curation, spare: Path) -> None:
    (curation.images / "000001.JPEG").unlink()
    curation.crop(SKIP)
    with pytest.raises(InputError, match=r"000001\.JPEG is missing"):
        curation.crop(RAISE)
    (curation.images / "000002.JPEG").unlink()
    assert curation.crop(SKIP)["waiting"] == 4, "another frame, another part"
    put_back(curation, spare)
    curation.crop(RAISE)
    assert contents(curation.folder / "out") == curation.truth()


def test_the_frames_around_it_are_compared_one_by_one(curation: Curation, spare: Path) -> None:
    (curation.images / "000001.JPEG").unlink()
    (curation.images / "000002.JPEG").write_bytes(jpeg(picture(99)))
    with pytest.raises(InputError, match=r"000002\.JPEG is not what the manifest stage read") as caught:
        curation.crop(SKIP)
    assert caught.value.reason == CHANGED
    put_back(curation, spare)
    curation.crop(SKIP)
    assert contents(curation.folder / "out") == curation.truth()


def test_without_checksums_the_whole_video_waits(curation: Curation, spare: Path) -> None:
    """Nothing says then whether the other frames are those on record."""
    forget_checksums(curation)
    (curation.images / "000001.JPEG").unlink()
    (curation.images / "000002.JPEG").write_bytes(jpeg(picture(99)))
    report = curation.crop(SKIP)
    assert (report["crops"], report["waiting"], report["shards"]) == (12, 6, 2)
    assert "so its whole video waits" in str(report["skipped"]["examples"])
    put_back(curation, spare)
    curation.crop(SKIP)
    assert contents(curation.folder / "out") == curation.truth()


@pytest.mark.parametrize("fault", ["missing image", "pipe"])
@pytest.mark.parametrize("policy", [RAISE, SKIP], ids=["raise", "skip"])
def test_a_frame_without_boxes_that_cannot_be_read_costs_nothing(
    curation: Curation, policy: Any, fault: str
) -> None:
    (curation.xmls / "000001.xml").write_bytes(frame_xml(size=(96, 72)))
    expected = curation.truth()
    UNREADABLE[fault](curation.images / "000001.JPEG")
    report = curation.crop(policy)
    assert (report["crops"], report["waiting"]) == (16, 0)
    assert contents(curation.folder / "out") == expected
    assert curation.crop(policy)["reused"] == 3, "all that the video has is there"


def test_several_frames_may_fail_one_after_the_other(
    curation: Curation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount that flickers: what could be read a moment ago cannot be now."""
    real = crop_video.load_frame
    tries: dict[str, int] = {}

    def load(path: Path) -> bytes:
        name = path.name if path.parent == curation.images else ""
        tries[name] = tries.get(name, 0) + 1
        if (name, tries[name]) in (("000000.JPEG", 1), ("000002.JPEG", 2)):
            raise InputError(f"cannot read {path}: Input/output error", reason="unreadable file")
        return real(path)

    monkeypatch.setattr(crop_video, "load_frame", load)
    report = curation.crop(SKIP)
    assert (report["waiting"], report["skipped"]["by_reason"]) == (4, {"unreadable file": 4})
    monkeypatch.undo()
    assert curation.crop(SKIP)["waiting"] == 0
    assert contents(curation.folder / "out") == curation.truth()


def test_what_waits_counts_towards_the_limit(curation: Curation) -> None:
    (curation.images / "000001.JPEG").unlink()
    with pytest.raises(InputError, match=r"2 of 18 items skipped \(2 missing image\)"):
        curation.crop(ErrorPolicy(policy="skip", max_skipped=0.1))


def make_old(store: Store, *, lose: str = "") -> None:
    """Records as of 90719a3, which do not say that frames were compared."""
    for path in store.folder.glob("*.json"):
        record = orjson.loads(path.read_bytes().partition(b"\n")[2] or path.read_bytes())
        for key in ("images", "waiting"):
            record.pop(key, None)
        if lose:
            record["skipped"] = {
                "total": 6,
                "counts": {"missing image": 2},
                "examples": {"missing image": [lose]},
            }
        path.write_bytes(orjson.dumps({**record, "schema": 1}))


def test_records_of_before_are_used_but_for_what_they_lack(curation: Curation) -> None:
    curation.crop(SKIP)
    store = Store(curation.folder / "store" / SUBSET)
    make_old(store)
    assert curation.crop(SKIP)["reused"] == 3


def test_records_of_before_that_lack_something_are_tried_again_once(curation: Curation, spare: Path) -> None:
    (curation.images / "000001.JPEG").write_bytes(b"GIF89a")
    curation.look()
    curation.crop(SKIP)
    store = Store(curation.folder / "store" / SUBSET)
    make_old(store, lose="000001.JPEG is not a JPEG")
    assert curation.crop(SKIP)["reused"] == 0
    assert curation.crop(SKIP)["reused"] == 3, "now it is known to be final"
