"""The store of finished shards: what is in it is whole, and what is damaged is not in it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from pathlib import Path
from typing import IO, Any

import orjson
import pytest

from curation.crops import store as module
from curation.crops.store import Records, Store, place
from curation.errors import InputError
from tests.curation.power_cuts import PowerCuts

DAY = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def make(store: Store, key: str, content: bytes = b"shard") -> dict[str, Any]:
    def write(stream: IO[bytes]) -> dict[str, Any]:
        stream.write(content)
        return {"frames": 3}

    return store.add(key, write)


def test_finds_what_was_added_and_nothing_else(store: Store) -> None:
    added = make(store, "k")
    assert added["frames"] == 3
    assert added["bytes"] == 5
    assert store.find("k") == added
    assert store.find("other") is None
    assert store.shard("k").read_bytes() == b"shard"


def test_nothing_is_found_of_a_shard_whose_writing_fails(store: Store) -> None:
    def fail(stream: IO[bytes]) -> dict[str, Any]:
        stream.write(b"half")
        raise InputError("a frame is missing")

    with pytest.raises(InputError, match="a frame is missing"):
        store.add("k", fail)
    assert store.find("k") is None
    assert list(store.folder.iterdir()) == []


def test_full_disk_is_one_clear_line(store: Store) -> None:
    def fail(stream: IO[bytes]) -> dict[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match=r"cannot write .*k\.tar: No space left on device") as caught:
        store.add("k", fail)
    assert "finished work is kept" in caught.value.do
    assert list(store.folder.iterdir()) == []


def test_shard_without_record_does_not_exist(store: Store) -> None:
    make(store, "k")
    (store.folder / "k.json").unlink()
    assert store.find("k") is None


@pytest.mark.parametrize(
    "record", [b"", b"{", b"[]", b"{}", b"null", b'{"schema": 0}', b'{"schema": 1}', b"\xff"]
)
def test_damaged_record_does_not_count(store: Store, record: bytes) -> None:
    make(store, "k")
    (store.folder / "k.json").write_bytes(record)
    assert store.find("k") is None
    make(store, "k")
    assert store.find("k") is not None


def test_altered_record_does_not_count(store: Store) -> None:
    make(store, "k")
    record = store.folder / "k.json"
    record.write_bytes(record.read_bytes().replace(b'"frames":3', b'"frames":4'))
    assert store.find("k") is None


def test_a_shard_and_its_record_do_not_count_under_another_key(store: Store) -> None:
    make(store, "k")
    for suffix in (".json", ".tar"):
        shutil.copy2(store.folder / f"k{suffix}", store.folder / f"other{suffix}")
    assert store.find("other") is None
    assert store.find("k") is not None


def test_emptied_shard_is_noticed(store: Store) -> None:
    make(store, "k")
    state = store.shard("k").stat()
    store.shard("k").write_bytes(b"")
    os.utime(store.shard("k"), ns=(state.st_atime_ns, state.st_mtime_ns))
    assert store.find("k") is None


def test_no_power_cut_leaves_anything_but_a_whole_shard_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    cuts, store = PowerCuts(folder), Store(folder / "store")
    with cuts.watching():
        make(store, "k", b"first")
        made = make(store, "k", b"again")
        make(store, "j", b"other")
    found = {}
    for cut in cuts.each():
        record = store.find("k")
        found[cut] = record is not None
        if record is not None:
            assert store.shard("k").read_bytes() in (b"first", b"again"), cut
    assert store.find("k") == made
    assert store.find("j") is not None, "the last cut leaves everything"
    assert set(found.values()) == {True, False}


def unsealed(store: Store, key: str, **changes: object) -> None:
    """Make the record one of the time before records were sealed."""
    record = store.find(key)
    assert record is not None
    (store.folder / f"{key}.json").write_bytes(orjson.dumps({**record, "schema": 1, **changes}))


def test_a_record_of_before_they_were_sealed_is_read_once_and_sealed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = make(store, "k")
    unsealed(store, "k")
    assert store.find("k") == added
    monkeypatch.setattr(module, "_digest", lambda path: "not asked")
    assert store.find("k") == added


def test_before_it_is_sealed_the_shard_is_synced(store: Store, tmp_path: Path) -> None:
    make(store, "k")
    unsealed(store, "k")
    cuts = PowerCuts(tmp_path)
    with cuts.watching():
        store.find("k")
    assert cuts.events == ["sync k.tar", "sync k.json", "rename k.json", "sync folder"]


@pytest.mark.parametrize(
    "changes",
    [{"digest": "0" * 32}, {"digest": None}, {"schema": 3}, {"schema": None}],
)
def test_a_damaged_record_of_before_they_were_sealed_does_not_count(
    store: Store, changes: dict[str, object]
) -> None:
    make(store, "k")
    unsealed(store, "k", **changes)
    assert store.find("k") is None


def test_a_record_of_before_they_were_sealed_must_be_vouched_for(store: Store) -> None:
    make(store, "k")
    unsealed(store, "k", frames=4)
    assert store.find("k", vouch=lambda record, shard: record["frames"] == 3) is None
    assert store.find("k", vouch=lambda record, shard: record["frames"] == 4) is not None


@pytest.mark.parametrize("damage", [b"", b"{}", b"sealed 1 x\n{}"])
def test_records_alone_are_found_unless_damaged(tmp_path: Path, damage: bytes) -> None:
    records = Records(tmp_path / "records")
    assert records.find("k") is None
    records.add("k", {"boxes": [[1.5, 2, 3, 4]]})
    assert records.find("k") == {"boxes": [[1.5, 2, 3, 4]]}
    records.path("k").write_bytes(damage)
    assert records.find("k") is None


def test_shortened_shard_is_noticed(store: Store) -> None:
    make(store, "k")
    os.truncate(store.shard("k"), 3)
    assert store.find("k") is None


def test_changed_shard_of_the_same_length_is_noticed(store: Store) -> None:
    make(store, "k")
    time.sleep(0.01)
    store.shard("k").write_bytes(b"SHARD")
    assert store.find("k") is None


def test_unchanged_shard_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make(store, "k")

    def refuse(path: Path) -> str:
        raise AssertionError("it was read")

    monkeypatch.setattr(module, "_digest", refuse)
    assert store.find("k") is not None


def test_shard_with_another_time_is_read_once_and_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after copying the store to another disk."""
    make(store, "k")
    os.utime(store.shard("k"), ns=(10**18, 10**18))
    assert store.find("k") is not None
    monkeypatch.setattr(module, "_digest", lambda path: "not asked")
    assert store.find("k") is not None


def test_damage_through_a_linked_output_is_noticed_and_mended(store: Store, tmp_path: Path) -> None:
    make(store, "k")
    output = tmp_path / "video.tar"
    place(store.shard("k"), output)
    time.sleep(0.01)
    output.write_bytes(b"XXXXX")
    assert store.find("k") is None
    make(store, "k")
    assert store.find("k") is not None
    assert output.read_bytes() == b"XXXXX", "the new shard is another file"


def test_read_only_shards_as_dvc_leaves_them(store: Store, tmp_path: Path) -> None:
    make(store, "k")
    place(store.shard("k"), tmp_path / "video.tar")
    (tmp_path / "video.tar").chmod(0o444)
    assert store.find("k") is not None
    make(store, "k", b"other")
    assert store.shard("k").read_bytes() == b"other"
    assert (tmp_path / "video.tar").read_bytes() == b"shard"


def test_clean_removes_what_a_killed_run_left(store: Store) -> None:
    make(store, "k")
    (store.folder / ".j.tar.abc.part").write_bytes(b"half")
    store.clean()
    assert sorted(path.name for path in store.folder.iterdir()) == ["k.json", "k.tar"]


def test_a_writer_whose_file_was_cleaned_away_fails_and_harms_nothing(store: Store) -> None:
    make(store, "other")

    def write(stream: IO[bytes]) -> dict[str, Any]:
        stream.write(b"orphan")
        store.clean()
        return {}

    with pytest.raises(InputError):
        store.add("k", write)
    assert store.find("k") is None
    assert store.find("other") is not None


def test_prune_removes_only_what_has_long_been_unused(store: Store) -> None:
    for key in ("used", "young", "old"):
        make(store, key)
    make(store, "stray")
    (store.folder / "stray.json").unlink()
    long_ago = time.time() - 30 * DAY
    for key in ("used.json", "old.json", "old.tar", "stray.tar"):
        os.utime(store.folder / key, (long_ago, long_ago))
    assert store.prune({"used"}) == 2
    assert sorted(path.name for path in store.folder.iterdir()) == [
        "used.json",
        "used.tar",
        "young.json",
        "young.tar",
    ]
    assert (store.folder / "used.json").stat().st_mtime > time.time() - DAY
    assert store.find("used") is not None


def test_place_links_and_copies_where_it_cannot(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(store, "k")
    place(store.shard("k"), tmp_path / "linked")
    assert (tmp_path / "linked").stat().st_ino == store.shard("k").stat().st_ino

    def cross_device(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", cross_device)
    place(store.shard("k"), tmp_path / "copied")
    assert (tmp_path / "copied").read_bytes() == b"shard"
    assert (tmp_path / "copied").stat().st_ino != store.shard("k").stat().st_ino
    assert stat.S_IMODE((tmp_path / "copied").stat().st_mode) == 0o644


def test_place_into_a_folder_that_is_gone_is_one_clear_line(store: Store, tmp_path: Path) -> None:
    make(store, "k")
    with pytest.raises(InputError, match="cannot write"):
        place(store.shard("k"), tmp_path / "gone" / "video.tar")
