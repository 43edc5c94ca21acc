"""One digest for the names and contents of files: nothing can be moved from one to the other unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation import contents
from curation.contents import Files, Folder, Group, scan_groups
from curation.errors import InputError
from curation.parallel import Workers
from curation.statcache import StatCache


def digest(folder: Path, files: dict[str, bytes]) -> str:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return contents._digest(Folder(folder, ".x").stats())[0]


def test_names_and_contents_cannot_be_confused(tmp_path: Path) -> None:
    trees: list[dict[str, bytes]] = [
        {},
        {"a.x": b""},
        {"b.x": b""},
        {"a.x": b"b.x"},
        {"a.x": b"", "b.x": b""},
        {"a.x": b"1", "b.x": b"2"},
        {"a.x": b"2", "b.x": b"1"},
        {"a.x": b"12", "b.x": b""},
        {"a.x": b"", "b.x": b"12"},
    ]
    assert len({digest(tmp_path / str(n), tree) for n, tree in enumerate(trees)}) == len(trees)


def test_a_large_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 40
    whole = digest(tmp_path / "whole", {"a.x": content})
    monkeypatch.setattr(contents, "_CHUNK", 1000)
    assert digest(tmp_path / "pieces", {"a.x": content}) == whole


def test_the_order_of_named_files_matters(tmp_path: Path) -> None:
    digest(tmp_path / "v", {"a.x": b"1", "b.x": b"2"})
    paths = (tmp_path / "v" / "a.x", tmp_path / "v" / "b.x")
    forwards, backwards = (contents._digest(Files(p).stats()) for p in (paths, paths[::-1]))
    assert forwards[0] != backwards[0]
    assert forwards[1] == backwards[1] == 2


def test_a_file_that_vanishes_while_being_read_is_named(tmp_path: Path) -> None:
    digest(tmp_path / "v", {"a.x": b"1"})
    stats = Folder(tmp_path / "v", ".x").stats()
    (tmp_path / "v" / "a.x").unlink()
    with pytest.raises(InputError, match=r"cannot read .*a\.x: No such file"):
        contents._digest(stats)


def test_a_long_scan_saves_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed scan has saved by then is what a save during the scan holds."""
    for number in range(3):
        digest(tmp_path / f"v{number}", {"a.x": b"1"})
    monkeypatch.setattr(contents, "SAVE_EVERY", -1.0)
    saves = []
    save = StatCache.save
    monkeypatch.setattr(StatCache, "save", lambda cache: (saves.append(len(cache._results)), save(cache)))
    monkeypatch.setattr("curation.statcache.RESOLUTION_NS", 0)
    groups = [
        Group(f"v{n}", Folder(tmp_path / f"v{n}", ".x"), Folder(tmp_path / "none", ".y")) for n in range(3)
    ]
    scan_groups(groups, StatCache(tmp_path / "state", "s"), "scan", False, Workers(jobs=1))
    assert saves == [1, 2, 3, 3]
