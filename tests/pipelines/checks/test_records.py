"""What DVC has on record: read, or known to be damaged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipelines.checks.records import committed_lock, read_listing, read_lock, read_run

MD5 = "0123456789abcdef0123456789abcdef"
RUN = f"""cmd: python make.py
deps:
- path: in
  hash: md5
  md5: {MD5}
  size: 6
outs:
- path: out
  hash: md5
  md5: {MD5}.dir
  size: 15003
  nfiles: 3
- path: single
  hash: md5
  md5: {MD5}
  size: 250
"""
LOCK = "schema: '2.0'\nstages:\n  make@a:\n" + "".join(f"    {line}\n" for line in RUN.splitlines())


def test_entries_of_a_run_and_of_a_lock() -> None:
    found = read_run(RUN.encode())
    assert found == read_lock(LOCK.encode())
    assert found is not None
    assert [(e.path, e.name, e.size, e.made, e.is_folder) for e in found] == [
        ("in", MD5, 6, False, False),
        ("out", f"{MD5}.dir", 15003, True, True),
        ("single", MD5, 250, True, False),
    ]


@pytest.mark.parametrize(
    "damage",
    [b"", b"\0" * 100, b"\xff\xfe", b"[]", b"null", b"text", b"{", b"a: [", RUN.encode()[:-190]],
    ids=range(9),
)
def test_damaged_ones(damage: bytes) -> None:
    assert read_lock(damage) is None
    assert read_run(damage) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"md5: {MD5}\n", "md5: 0123\n"),
        (f"md5: {MD5}\n", "md5:\n"),
        (f"  md5: {MD5}\n", ""),
        ("path: in", "path:"),
        ("size: 6", "size: six"),
        ("outs:", "outs: 5\nother:"),
        ("cmd: python make.py\n", ""),
    ],
)
def test_entries_that_cannot_be(old: str, new: str) -> None:
    assert old in RUN
    assert read_run(RUN.replace(old, new, 1).encode()) is None


def test_a_cut_leaves_a_lock_damaged_or_all_its_entries_whole() -> None:
    whole = read_lock(LOCK.encode())
    assert whole is not None
    for length in range(len(LOCK)):
        found = read_lock(LOCK[:length].encode())
        for entry in found or []:
            assert (entry.path, entry.name) in [(other.path, other.name) for other in whole], length


def test_a_lock_in_conflict_is_not_damaged() -> None:
    conflict = LOCK.replace("  make@a:", "<<<<<<< ours\n  make@a:\n=======\n>>>>>>> theirs")
    assert read_lock(conflict.encode()) == []


def test_other_digests_than_md5_are_left_alone() -> None:
    text = RUN.replace(f"  hash: md5\n  md5: {MD5}\n", "  etag: abc\n", 1)
    found = read_run(text.encode())
    assert found is not None
    assert [entry.path for entry in found] == ["out", "single"]


def test_listings() -> None:
    assert read_listing(b'[{"md5": "%s", "relpath": "a/b"}]' % MD5.encode()) == {"a/b": MD5}
    assert read_listing(b"[]") == {}
    for damaged in (
        b"",
        b"\0\0",
        b"{}x",
        b"[1]",
        b"5",
        b'[{"md5": "1", "relpath": "a"}]',
        b'[{"relpath": "a"}]',
    ):
        assert read_listing(damaged) is None


def test_garbage_is_never_an_error() -> None:
    rng = random.Random(0)
    for content in (LOCK.encode(), RUN.encode(), b'[{"md5": "%s", "relpath": "a/b"}]' % MD5.encode()):
        for _ in range(200):
            damaged = bytearray(content)
            for _ in range(rng.choice([1, 3, 20])):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            for read in (read_lock, read_run, read_listing):
                read(bytes(damaged))


def test_no_git_no_committed_lock(tmp_path: Path) -> None:
    assert committed_lock(tmp_path) is None
