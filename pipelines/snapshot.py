"""What a file or folder was like at one moment, to tell later whether it has changed since.

Files and small folders are known by content. A large folder is known by the names, sizes, times and inodes of its
files: to read 20 GB of crops twice would cost more than the stage that reads them once.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from curation.outside import unreadable

READ_UP_TO = 64 << 20
"""Bytes of a file, or of a whole folder, up to which its content is read."""

Look = Mapping[str, tuple[object, ...]]
"""What each file below a path is like, by its path; empty where nothing is there."""


def look(path: Path) -> Look:
    """Look at a file, or at every file below a folder, as DVC would: caches of Python and half-written files
    (`.dvcignore`) do not count.

    Raises
    ------
    InputError
        If something there cannot be read.
    """
    try:
        found = dict(_files(path))
        if sum(status.st_size for status in found.values()) <= READ_UP_TO:
            return {name: ("content", _digest(name)) for name in found}
    except OSError as error:
        raise unreadable(path, error) from error
    return {name: (s.st_size, s.st_mtime_ns, s.st_ino) for name, s in found.items()}


def differences(before: Look, after: Look) -> list[str]:
    """Paths that were added, removed or changed, sorted."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        yield os.fspath(path), status
        return
    with os.scandir(path) as entries:
        children = sorted(entry.path for entry in entries if not _ignored(entry.name))
    for child in children:
        yield from _files(Path(child))


def _ignored(name: str) -> bool:
    return name == "__pycache__" or name.endswith(".pyc") or (name[0] == "." and name.endswith(".part"))


def _digest(name: str) -> str:
    path = Path(name)
    if not path.is_file():
        return "not a plain file"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()
