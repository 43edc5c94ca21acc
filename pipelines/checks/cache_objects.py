"""Find the objects of DVC's cache that a power cut has emptied, in milliseconds, before a stage trusts them.

DVC writes an object without syncing it, makes it read-only, and never looks into a read-only object again: after a
power cut it links empty ones in place of outputs, and says that all is well. So every stage looks first, by `stat`
alone. What else can be wrong with a cache, and repairing it, is for `pipelines.checks`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from curation.errors import InputError
from curation.files import MEND
from curation.outputs.sealed import read_sealed, write_sealed

OBJECTS = Path("files/md5")
"""Where DVC keeps objects inside a cache, in 256 folders named by the first two digits."""
RUNS = Path("runs")
"""Where DVC keeps what every run of a stage read and made."""

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
"""Name of the one object that may be empty."""

YOUNG_NS = 3600 * 10**9
"""A folder that changed within the hour is not remembered: its files may still lose what is not on the disk."""

SETTLING = 0.5
"""Seconds after which an object that another process was just making is no longer empty."""

_NAME = re.compile(r"[0-9a-f]{30}(\.dir)?")


def refuse_empty(project: Path, remembered: Path) -> None:
    """Raise `InputError` if the cache of the DVC project in that folder holds emptied objects.

    Parameters
    ----------
    project, remembered
        The project's root folder; a file as for `empty_objects`.
    """
    found = empty_objects(cache_folder(project), remembered)
    if found:
        many = f"{len(found)} objects that are empty, the first" if len(found) > 1 else "an empty object,"
        raise InputError(
            f"DVC's cache holds {many} {found[0]}, as a power cut leaves them: DVC would take them for outputs",
            do=f"Run: {MEND}; then run again",
            reason="damaged cache",
        )


def empty_objects(cache: Path, remembered: Path) -> list[Path]:
    """Objects of zero bytes in a DVC cache, except the one of the empty file; sorted.

    Parameters
    ----------
    cache : Path
        Folder of the cache.
    remembered : Path
        File in which to note which folders of objects were sound when they last changed: only others are
        looked through (2 microseconds an object). Safe to delete.
    """
    noted = _noted(cache, remembered)
    found: list[Path] = []
    sound: dict[str, int] = {}
    now = time.time_ns()
    for folder in object_folders(cache):
        try:
            changed = folder.stat().st_ctime_ns  # before looking: a change meanwhile is seen the next time
            if noted.get(folder.name) != changed and (empty := _empty_in(folder)):
                found += empty
            elif now - changed > YOUNG_NS:
                sound[folder.name] = changed
        except OSError:  # not ours to read, or just removed
            continue
    if sound != noted:
        _note(cache, remembered, sound)
    return sorted(_still_empty(found))


def object_folders(cache: Path) -> list[Path]:
    """The folders of objects in a cache, sorted; empty where there is none."""
    try:
        with os.scandir(cache / OBJECTS) as entries:
            return sorted(Path(entry) for entry in entries if len(entry.name) == 2)
    except OSError:
        return []


def objects(cache: Path) -> Iterator[Path]:
    """Files and folder listings in a cache, sorted, without those being written."""
    for folder in object_folders(cache):
        yield from sorted(Path(entry) for entry in _entries(folder))


def object_name(path: Path) -> str:
    """The digest of an object's content by its name; a folder's listing has `.dir` behind it."""
    return path.parent.name + path.name


def is_empty_file(path: Path) -> bool:
    """Whether this is the object that may be empty."""
    return object_name(path) == EMPTY


def cache_folder(project: Path) -> Path:
    """The cache of a DVC project by its configuration, without DVC, which takes a second."""
    cache = project / ".dvc" / "cache"
    for file in _configurations(project, os.environ):
        try:
            value = _cache_dir(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if value:
            cache = Path(os.path.abspath(file.parent / Path(value).expanduser()))  # noqa: PTH100 (".." is meant)
    return cache


def _configurations(project: Path, environment: Mapping[str, str]) -> list[Path]:
    """DVC's configuration files, the later winning."""
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    system = environment.get("XDG_CONFIG_DIRS", "").split(os.pathsep)[0] or "/etc/xdg"
    return [
        Path(environment.get("DVC_SYSTEM_CONFIG_DIR") or Path(system, "dvc")) / "config",
        Path(environment.get("DVC_GLOBAL_CONFIG_DIR") or home / "dvc") / "config",
        project / ".dvc" / "config",
        project / ".dvc" / "config.local",
    ]


def _cache_dir(text: str) -> str:
    """The value of `dir` in the section `[cache]` of a configuration, or nothing."""
    section = value = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.partition("]")[0].strip("[ ")
        elif section == "cache" and line.partition("=")[0].strip() == "dir":
            value = line.partition("=")[2].strip()
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return value.partition(" #")[0].strip()


def _empty_in(folder: Path) -> list[Path]:
    empty = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if not entry.stat().st_size and _NAME.fullmatch(entry.name):
                    empty.append(Path(entry))
            except OSError:  # just moved in or out
                continue
    return [path for path in empty if not is_empty_file(path)]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if _NAME.fullmatch(entry.name))


def _still_empty(paths: list[Path]) -> Iterator[Path]:
    """The empty objects that stay empty: one being made is empty for an instant."""
    if paths:
        time.sleep(SETTLING)
    for path in paths:
        try:
            if not path.stat().st_size:
                yield path
        except OSError:
            continue


def _noted(cache: Path, remembered: Path) -> dict[str, int]:
    content = read_sealed(remembered, str(cache))
    return {} if content is None else orjson.loads(content)


def _note(cache: Path, remembered: Path, sound: dict[str, int]) -> None:
    try:
        write_sealed(remembered, str(cache), orjson.dumps(sound))
    except InputError:  # then it is looked through again the next time
        return
