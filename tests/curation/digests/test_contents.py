"""One digest for the names and contents of files: nothing can be moved from one to the other unseen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from curation.digests import contents
from curation.digests.checksums import Checksum, Record, checksum, group_digest, unpack
from curation.digests.contents import Subject, scan_groups
from curation.digests.file_groups import Files, Folder, Group
from curation.digests.statcache import StatCache, fingerprint
from curation.errors import InputError
from curation.parallel import Workers


def read(group: Group) -> tuple[str, int]:
    """Digest of files, and their bytes."""
    packed, size = contents._read(group, group.stats())
    return group_digest(packed), size


def digest(folder: Path, files: dict[str, bytes]) -> str:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return read(Folder(folder, (".x",)))[0]


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


def test_a_file_larger_than_any_frame_is_refused_unread(tmp_path: Path) -> None:
    digest(tmp_path / "v", {"a.x": b"1"})
    os.truncate(tmp_path / "v" / "a.x", 8 << 30)  # sparse
    with pytest.raises(InputError, match=r"a\.x has 8,589,934,592 bytes"):
        read(Folder(tmp_path / "v", (".x",)))


def test_a_name_that_is_not_utf8_is_a_name_like_others(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    names = [b"\xff\xfe.x", b"\xfe.x"]
    for name in names:
        (tmp_path / "v" / os.fsdecode(name)).write_bytes(b"1")
    folder = Folder(tmp_path / "v", (".x",))
    files = folder.stats()
    packed, _ = contents._read(folder, files)
    assert [file.name for file in unpack(packed)] == [os.fsdecode(name) for name in sorted(names)]
    assert fingerprint(files).value


def group(tmp_path: Path) -> Subject:
    return Subject("v", Folder(tmp_path / "v", (".x",)), Folder(tmp_path / "none", (".y",)))


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Record]:
    """Scan a group of two files; return the record of them."""
    monkeypatch.setattr("curation.digests.statcache.RESOLUTION_NS", 0)
    digest(tmp_path / "v", {"a.x": b"1", "b.x": b"2"})

    def run() -> Record:
        cache = StatCache(tmp_path / "state", "s")
        found = scan_groups([group(tmp_path)], cache, tmp_path / "kept", "scan", False, Workers(jobs=1))
        return Record("v", found["v"].images, tmp_path / "kept")

    return run


def test_the_checksums_of_what_was_read_are_kept_and_those_of_before_are_not(
    scan: Callable[[], Record], tmp_path: Path
) -> None:
    before = scan()
    assert before.files() == (Checksum("a.x", checksum(b"1")), Checksum("b.x", checksum(b"2")))
    (tmp_path / "v" / "a.x").write_bytes(b"three")
    after = scan()
    assert after.files() == (Checksum("a.x", checksum(b"three")), Checksum("b.x", checksum(b"2")))
    assert before.files() is None


def test_checksums_that_are_damaged_do_not_count(scan: Callable[[], Record], tmp_path: Path) -> None:
    record = scan()
    kept = tmp_path / "kept" / record.digest
    for content in (b"", kept.read_bytes()[:-1], kept.read_bytes() + b"\0", bytes(len(kept.read_bytes()))):
        kept.write_bytes(content)
        assert record.files() is None


def test_a_group_that_a_stage_doubts_is_read_again_though_nothing_seems_changed(
    scan: Callable[[], Record], tmp_path: Path
) -> None:
    before = scan()
    file = tmp_path / "v" / "a.x"
    times = file.stat()
    file.write_bytes(b"9")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert scan() == before, "an edit that keeps size and time"
    before.differs(["a.x is not what the manifest stage read"])
    after = scan()
    assert after.digest != before.digest
    assert scan() == after
    assert list((tmp_path / "kept").glob("*.doubt")) == []


@pytest.mark.parametrize("most", [0, contents.FILL])
def test_checksums_that_were_never_kept_are_read_once_if_that_is_not_much(
    scan: Callable[[], Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """As where the last scan was one of an older version."""
    record = scan()
    (tmp_path / "kept" / record.digest).unlink()
    monkeypatch.setattr(contents, "FILL", most)
    assert scan() == record
    assert (record.files() is not None) == bool(most)


def test_a_doubt_that_was_wrong_costs_one_reading(scan: Callable[[], Record], tmp_path: Path) -> None:
    record = scan()
    record.differs(["a.x is not what the manifest stage read"])
    assert scan() == record
    assert list((tmp_path / "kept").glob("*.doubt")) == []


def test_the_order_of_named_files_matters(tmp_path: Path) -> None:
    digest(tmp_path / "v", {"a.x": b"1", "b.x": b"2"})
    paths = (tmp_path / "v" / "a.x", tmp_path / "v" / "b.x")
    forwards, backwards = (read(Files(p)) for p in (paths, paths[::-1]))
    assert forwards[0] != backwards[0]
    assert forwards[1] == backwards[1] == 2


def test_a_file_that_vanishes_while_being_read_is_named(tmp_path: Path) -> None:
    digest(tmp_path / "v", {"a.x": b"1"})
    folder = Folder(tmp_path / "v", (".x",))
    stats = folder.stats()
    (tmp_path / "v" / "a.x").unlink()
    with pytest.raises(InputError, match=r"cannot read .*a\.x: No such file"):
        contents._read(folder, stats)


def test_a_long_scan_saves_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed scan has saved by then is what a save during the scan holds."""
    for number in range(3):
        digest(tmp_path / f"v{number}", {"a.x": b"1"})
    monkeypatch.setattr(contents, "SAVE_EVERY", -1.0)
    saves = []
    save = StatCache.save
    monkeypatch.setattr(StatCache, "save", lambda cache: (saves.append(len(cache._results)), save(cache)))
    monkeypatch.setattr("curation.digests.statcache.RESOLUTION_NS", 0)
    groups = [
        Subject(f"v{n}", Folder(tmp_path / f"v{n}", (".x",)), Folder(tmp_path / "none", (".y",)))
        for n in range(3)
    ]
    cache = StatCache(tmp_path / "state", "s")
    scan_groups(groups, cache, tmp_path / "checksums", "scan", False, Workers(jobs=1))
    assert saves == [1, 2, 3, 3]
