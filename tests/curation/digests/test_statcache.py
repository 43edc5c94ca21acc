"""What the stat cache believes, and what it does not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from curation.digests.statcache import Fingerprint, StatCache, fingerprint, list_folder, stat_file
from curation.errors import InputError

OLD = 1_500_000_000_000_000_000


def put(path: Path, content: bytes = b"x", mtime_ns: int = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def test_lists_visible_files_of_the_suffix_in_order(tmp_path: Path) -> None:
    for name in ("2.xml", "1.xml", ".3.xml", "4.txt"):
        put(tmp_path / name, name.encode())
    files = list_folder(tmp_path, ".xml")
    assert [(f.name, f.size, f.mtime_ns) for f in files] == [("1.xml", 5, OLD), ("2.xml", 5, OLD)]
    assert files[0] == stat_file(tmp_path / "1.xml")
    assert list_folder(tmp_path / "absent", ".xml") == []


@pytest.mark.parametrize("kind", ["fifo", "folder", "dangling link"])
def test_what_is_not_a_plain_file_is_refused(tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "1.xml"
    {"fifo": os.mkfifo, "folder": os.mkdir, "dangling link": lambda p: p.symlink_to("nowhere")}[kind](odd)
    for look in (lambda: list_folder(tmp_path, ".xml"), lambda: stat_file(odd)):
        with pytest.raises(InputError, match=r"1\.xml"):
            look()


def test_the_fingerprint_sees_names_sizes_times_and_groups(tmp_path: Path) -> None:
    def mark() -> Fingerprint:
        return fingerprint(list_folder(tmp_path / "a", ".x"), list_folder(tmp_path / "b", ".x"))

    put(tmp_path / "a" / "1.x")
    marks = [mark()]
    assert mark() == marks[0]
    assert not marks[0].young
    put(tmp_path / "a" / "1.x", b"xx")
    marks.append(mark())
    put(tmp_path / "a" / "1.x", b"x", OLD + 1)
    marks.append(mark())
    put(tmp_path / "a" / "1.x").rename(tmp_path / "a" / "2.x")
    marks.append(mark())
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "2.x").rename(tmp_path / "b" / "2.x")
    marks.append(mark())
    (tmp_path / "b" / "2.x").unlink()
    marks.append(mark())
    assert len({m.value for m in marks}) == len(marks)


def test_young_files_are_not_vouched_for(tmp_path: Path) -> None:
    put(tmp_path / "1.x", mtime_ns=time.time_ns())
    put(tmp_path / "2.x")
    assert fingerprint(list_folder(tmp_path, ".x")).young
    cache = StatCache(tmp_path / "state", "s")
    cache.put("v", Fingerprint("mark", young=True), {"frames": 1})
    assert cache.get("v") is None


def remembering(folder: Path) -> StatCache:
    cache = StatCache(folder, "subject")
    cache.put("v", Fingerprint("mark", young=False), {"frames": 3})
    cache.put("w", Fingerprint("other", young=False), {"frames": 4})
    cache.save()
    return cache


def test_results_survive_the_file(tmp_path: Path) -> None:
    remembering(tmp_path)
    cache = StatCache(tmp_path, "subject")
    assert cache.get("v") == ("mark", {"frames": 3})
    assert cache.get("absent") is None
    cache.keep_only({"w"})
    cache.save()
    assert StatCache(tmp_path, "subject").get("v") is None
    assert StatCache(tmp_path, "subject").get("w") is not None
    assert StatCache(tmp_path, "another subject").get("w") is None


def test_a_young_result_replaces_an_older_one(tmp_path: Path) -> None:
    cache = remembering(tmp_path)
    cache.put("v", Fingerprint("mark", young=True), {"frames": 9})
    assert cache.get("v") is None


def test_any_damage_to_the_file_only_forgets(tmp_path: Path) -> None:
    path = remembering(tmp_path).path
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        assert StatCache(tmp_path, "subject").get("v") is None, (
            f"byte {position} of the state file went unchecked"
        )
    for content in (b"", whole[:-1], b"{}", b"1\n{}"):
        path.write_bytes(content)
        assert StatCache(tmp_path, "subject").get("v") is None
    path.unlink()
    path.mkdir()
    assert StatCache(tmp_path, "subject").get("v") is None
