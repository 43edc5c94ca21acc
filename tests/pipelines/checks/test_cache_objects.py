"""Emptied objects of DVC's cache are found quickly, and found again after what was lost late."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curation.errors import InputError
from pipelines.checks import cache_objects as module
from pipelines.checks.cache_objects import cache_folder, empty_objects, objects, refuse_empty

HOUR = 3600


def add(cache: Path, content: bytes, suffix: str = "") -> Path:
    name = hashlib.md5(content).hexdigest()
    path = cache / "files/md5" / name[:2] / (name[2:] + suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o444)
    return path


def empty(path: Path) -> Path:
    """As a power cut empties a file: its time stays, and its folder as it is."""
    state = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"")
    path.chmod(0o444)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    for number in range(40):
        add(tmp_path / "cache", b"%d" % number)
    add(tmp_path / "cache", b"[]", ".dir")
    add(tmp_path / "cache", b"")
    return tmp_path / "cache"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "state" / "cache"


@pytest.fixture(autouse=True)
def _not_so_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLING", 0.05)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + int(seconds * 1e9))


def test_a_sound_cache_has_none(cache: Path, note: Path) -> None:
    assert empty_objects(cache, note) == []
    assert len(list(objects(cache))) == 42


def test_no_cache_has_none(tmp_path: Path, note: Path) -> None:
    assert empty_objects(tmp_path / "nowhere", note) == []
    assert list(objects(tmp_path / "nowhere")) == []


def test_emptied_objects_are_found_but_not_the_empty_file_nor_what_is_being_written(
    cache: Path, note: Path
) -> None:
    emptied = [empty(path) for path in list(objects(cache))[:3] if path.stat().st_size]
    emptied += [empty(add(cache, b"[ ]", ".dir"))]
    (emptied[0].parent / ".abc.tmp").touch()
    (emptied[0].parent / f"{emptied[0].name}.tmp").touch()
    assert empty_objects(cache, note) == sorted(emptied)


def test_folders_that_are_old_and_sound_are_not_looked_through_again(
    cache: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, 2 * HOUR)
    assert empty_objects(cache, note) == []
    monkeypatch.setattr(module, "_empty_in", lambda folder: pytest.fail(f"{folder} was looked through"))
    assert empty_objects(cache, note) == []


def test_a_folder_that_changed_is_looked_through_again(
    cache: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, 2 * HOUR)
    assert empty_objects(cache, note) == []
    emptied = empty(add(cache, b"new"))
    assert empty_objects(cache, note) == [emptied]


def test_what_is_lost_after_a_look_at_a_young_folder_is_found(cache: Path, note: Path) -> None:
    """The name of an object is on the disk, with its folder's time; its content is not, and goes."""
    young = add(cache, b"young")
    assert empty_objects(cache, note) == []
    empty(young)
    assert empty_objects(cache, note) == [young]


def test_found_ones_are_found_until_they_are_gone(
    cache: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, 2 * HOUR)
    emptied = empty(next(objects(cache)))
    assert empty_objects(cache, note) == [emptied] == empty_objects(cache, note)
    emptied.unlink()
    assert empty_objects(cache, note) == []


@pytest.mark.parametrize("damage", [b"", b"{}", b"sealed 1 \n{}", b'{"aa": 1}'])
def test_a_damaged_note_is_nothing(
    cache: Path, note: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    later(monkeypatch, 2 * HOUR)
    empty_objects(cache, note)
    emptied = empty(add(cache, b"more"))
    note.write_bytes(damage)
    assert empty_objects(cache, note) == [emptied]


def test_the_note_of_another_cache_is_nothing(
    cache: Path, note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, 2 * HOUR)
    empty_objects(cache, note)
    cache.rename(tmp_path / "other")
    empty(next(objects(tmp_path / "other")))
    assert len(empty_objects(tmp_path / "other", note)) == 1


def test_a_note_that_cannot_be_written_is_no_fault(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert empty_objects(cache, tmp_path / "file" / "note") == []


def test_an_object_that_is_just_being_made_is_waited_for(
    cache: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = add(cache, b"slow")
    path.chmod(0o644)
    path.write_bytes(b"")
    monkeypatch.setattr(module.time, "sleep", lambda seconds: path.write_bytes(b"slow"))
    assert empty_objects(cache, note) == []


def test_the_refusal_is_one_line_that_names_the_command(tmp_path: Path, note: Path) -> None:
    cache = tmp_path / ".dvc" / "cache"
    paths = [add(cache, b"%d" % number) for number in range(2)]
    refuse_empty(tmp_path, note)
    empty(paths[0])
    with pytest.raises(
        InputError, match=r"holds an empty object, .*power cut.* Run: .*doctor cache --mend"
    ) as one:
        refuse_empty(tmp_path, note)
    assert str(paths[0]) in str(one.value)
    empty(paths[1])
    with pytest.raises(InputError, match="holds 2 objects that are empty, the first"):
        refuse_empty(tmp_path, note)


CONFIGURATIONS = {
    "none": ({}, ".dvc/cache"),
    "relative": ({".dvc/config": "[cache]\n    dir = ../../shared\n"}, "../shared"),
    "local wins": (
        {
            ".dvc/config": "[cache]\n    dir = /first\n",
            ".dvc/config.local": "[cache]\n    type = copy\n    dir = /second\n",
        },
        "/second",
    ),
    "quoted": ({".dvc/config": "[cache]\n    dir = '/a folder, so #1'\n"}, "/a folder, so #1"),
    "comments": ({".dvc/config": "# no\n[cache]\n    # dir = /no\n    dir = /yes # so\n"}, "/yes"),
    "other sections": (
        {".dvc/config": "['remote \"r\"']\n    dir = /no\n[core]\n    dir = /no\n"},
        ".dvc/cache",
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_cache_is_where_dvc_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files, expected = CONFIGURATIONS[name]
    project = tmp_path / "project"
    quiet = {
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(tmp_path),
        "DVC_SYSTEM_CONFIG_DIR": str(tmp_path),
    }
    for variable, value in quiet.items():
        monkeypatch.setenv(variable, value)
    project.mkdir()
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "-q", "--no-scm"], cwd=project, check=True, capture_output=True)
    for file, text in files.items():
        (project / file).write_text(text)
    assert cache_folder(project) == Path(os.path.normpath(project / expected))
    said = subprocess.run([*dvc, "cache", "dir"], cwd=project, check=True, capture_output=True, text=True)
    assert cache_folder(project) == Path(said.stdout.strip())


def test_the_global_configuration_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[cache]\n    dir = /global\n")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    assert cache_folder(tmp_path / "project") == Path("/global")
