"""Files are whole once they exist, after a power cut too."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from curation.errors import InputError
from curation.files import replacing, sync_folder, sync_tree, write_bytes, write_json
from tests.curation.power_cuts import PowerCuts


def test_content_is_synced_before_the_name_appears_and_the_name_before_the_work_goes_on(
    tmp_path: Path,
) -> None:
    cuts = PowerCuts(tmp_path)
    with cuts.watching():
        write_bytes(tmp_path / "file", b"content")
    assert cuts.events == ["sync file", "rename file", "sync folder"]


def test_no_power_cut_leaves_a_part_of_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    cuts = PowerCuts(folder)
    with cuts.watching():
        write_bytes(folder / "file", b"old")
        write_json(folder / "file", [1, 2])
    seen = set()
    for cut in cuts.each():
        content = (folder / "file").read_bytes() if (folder / "file").exists() else None
        assert content in (None, b"old", b"[\n  1,\n  2\n]\n"), cut
        seen.add(content)
    assert len(seen) == 3


def test_new_folders_are_synced_into_those_above_them(tmp_path: Path) -> None:
    cuts = PowerCuts(tmp_path)
    with cuts.watching():
        write_bytes(tmp_path / "a" / "b" / "file", b"content")
    assert cuts.events == ["sync folder", "sync folder", "sync file", "rename file", "sync folder"]


def test_what_need_not_be_durable_is_not_synced(tmp_path: Path) -> None:
    cuts = PowerCuts(tmp_path)
    with cuts.watching():
        write_bytes(tmp_path / "a" / "file", b"content", durable=False)
    assert cuts.events == ["rename file"]
    assert (tmp_path / "a" / "file").read_bytes() == b"content"


def test_a_disk_that_fails_to_sync_is_one_clear_line_and_nothing_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match=r"cannot write .*file: Input/output error"):
        write_bytes(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_tree_is_synced_files_first_then_folders_from_the_inside(tmp_path: Path) -> None:
    for name in ("a/one", "a/b/two", "three"):
        write_bytes(tmp_path / "tree" / name, b"x", durable=False)
    (tmp_path / "tree" / "link").symlink_to("nowhere")
    synced: list[str] = []
    numbers = {path.stat().st_ino: path for path in tmp_path.rglob("*") if path.exists()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: synced.append(numbers[os.fstat(handle).st_ino].name))
        sync_tree(tmp_path / "tree")
        assert sorted(synced[:3]) == ["one", "three", "two"]
        assert synced[3:] == ["b", "a", "tree"]
        synced.clear()
        sync_tree(tmp_path / "tree" / "three")
        assert synced == ["three"]


def test_a_tree_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_tree(tmp_path / "gone")


@pytest.mark.parametrize(("number", "raised"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_file_systems_that_cannot_sync_a_folder_do_not_stop_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, raised: bool
) -> None:
    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    if raised:
        with pytest.raises(OSError):
            sync_folder(tmp_path)
    else:
        sync_folder(tmp_path)


def test_a_file_whose_writing_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with replacing(tmp_path / "file") as stream:
            stream.write(b"half")
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        fail()
    assert list(tmp_path.iterdir()) == []
