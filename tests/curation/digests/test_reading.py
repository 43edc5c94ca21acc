"""What a stage reads against what is on record: every difference is an error that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.digests.checksums import CHANGED, Checksum, Record, checksum, doubted, group_digest, pack
from curation.digests.reading import Reading, check_names
from curation.errors import InputError

FILES = {"a.x": b"1", "b.x": b"2", "c.x": b"3"}


def record(kept: Path, *, keep: bool = True) -> Record:
    packed = pack(Checksum(name, checksum(content)) for name, content in FILES.items())
    made = Record("video v", group_digest(packed), kept)
    if keep:
        made.keep(packed)
    return made


def read(folder: Path, files: dict[str, bytes]) -> tuple[Reading, list[Path]]:
    """Write files, and read them in the order given."""
    folder.mkdir(exist_ok=True)
    reading, paths = Reading(), []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        reading.note(folder / name, content)
        paths.append(folder / name)
    return reading, paths


def problem(reading: Reading, paths: list[Path], record: Record, unread: tuple[Path, ...] = ()) -> str:
    with pytest.raises(InputError) as caught:
        reading.check(paths, record, unread=unread)
    assert caught.value.reason == CHANGED
    assert "dvc repro" in caught.value.do
    assert doubted(record.checksums) == {record.digest}
    return caught.value.what


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_on_record_passes(tmp_path: Path, keep: bool) -> None:
    reading, paths = read(tmp_path / "v", FILES)
    reading.check(paths, record(tmp_path / "kept", keep=keep))
    assert not doubted(tmp_path / "kept")


CHANGES = {
    "content": ({**FILES, "b.x": b"9"}, "v/b.x is not what the manifest stage read"),
    "two contents": (
        {**FILES, "a.x": b"9", "c.x": b"9"},
        "v/a.x is not what the manifest stage read (1 more files of video v differ)",
    ),
    "swapped": ({"a.x": b"2", "b.x": b"1", "c.x": b"3"}, "v/a.x is not what the manifest stage read"),
    "new": ({**FILES, "d.x": b"4"}, "v/d.x was not there when the manifest stage ran"),
    "gone": ({"a.x": b"1", "c.x": b"3"}, "v/b.x was there when the manifest stage ran, and is gone"),
    "renamed": ({"a.x": b"1", "b.x": b"2", "d.x": b"3"}, "v/d.x was not there when the manifest stage ran"),
    "order": ({"b.x": b"2", "a.x": b"1", "c.x": b"3"}, "in another order"),
    "nothing": ({}, "a.x was there when the manifest stage ran, and is gone"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_difference_names_the_file(tmp_path: Path, change: str) -> None:
    files, words = CHANGES[change]
    reading, paths = read(tmp_path / "v", files)
    assert words in problem(reading, paths, record(tmp_path / "kept"))


@pytest.mark.parametrize("change", CHANGES)
def test_without_checksums_it_is_as_much_an_error_and_names_the_newest_file(
    tmp_path: Path, change: str
) -> None:
    files, _ = CHANGES[change]
    reading, paths = read(tmp_path / "v", files)
    if paths:
        paths[-1].chmod(0o640)  # changes no content, but the time of change
    what = problem(reading, paths, record(tmp_path / "kept", keep=False))
    assert "video v are not those that the manifest stage read" in what
    assert what.endswith(f"last one to change was {paths[-1]}" if paths else "read")


def test_a_file_that_was_two_things_while_it_was_read(tmp_path: Path) -> None:
    reading, paths = read(tmp_path / "v", FILES)
    reading.note(paths[0], FILES["a.x"])
    with pytest.raises(InputError, match=r"v/a\.x changed while it was read") as caught:
        reading.note(paths[0], b"9")
    assert caught.value.reason == CHANGED
    reading.check(paths, record(tmp_path / "kept"))


def test_around_a_file_that_cannot_be_read_the_others_are_compared(tmp_path: Path) -> None:
    unread = (tmp_path / "v" / "b.x",)
    reading, paths = read(tmp_path / "v", {"a.x": b"1", "c.x": b"3"})
    reading.check(paths, record(tmp_path / "kept"), unread=unread)
    reading, paths = read(tmp_path / "v", {"a.x": b"1", "c.x": b"9"})
    assert "c.x is not what" in problem(reading, paths, record(tmp_path / "kept"), unread)
    reading, paths = read(tmp_path / "v", {"a.x": b"1"})
    assert "c.x was there" in problem(reading, paths, record(tmp_path / "kept"), unread)
    reading, paths = read(tmp_path / "v", FILES)
    what = problem(reading, paths, record(tmp_path / "kept"), (tmp_path / "v" / "d.x",))
    assert "d.x was not there" in what


def test_names_alone(tmp_path: Path) -> None:
    _, paths = read(tmp_path / "v", FILES)
    assert check_names(paths, record(tmp_path / "kept"))
    assert not check_names(paths[:1], record(tmp_path / "not kept", keep=False))
    with pytest.raises(InputError, match=r"c\.x was there when the manifest stage ran, and is gone"):
        check_names(paths[:2], record(tmp_path / "kept"))
