"""The state of a file or folder at one moment, to find later changes.

Files and small folders are known by content. A large folder is known by the names, sizes, times and inodes of its
files: to read 20 GB of crops twice would cost more than the stage that reads them once.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from curation.documents.document import Fields
from curation.errors import InputError
from curation.outside import unreadable

_md5 = partial(hashlib.md5, usedforsecurity=False)  # by which DVC knows files

READ_UP_TO = 64 << 20
"""Bytes of a file, or of a whole folder, up to which its content is read."""

Look = Mapping[str, tuple[str] | tuple[int, int, int]]
"""What each file below a path is like, by its path: its MD5 digest, or its size, time and inode; empty where nothing
is there."""


def look(path: Path) -> Look:
    """Look at a file, or at every file below a folder, as DVC would: caches of Python and half-written files
    (`.dvcignore`) do not count. `path` itself may be a link to a folder; below it there may be none, because DVC
    does not look behind them, and so would not know what the stage has read there.

    Raises
    ------
    InputError
        If something there cannot be read, is a link to a folder, or a pipe, socket or device, for which a stage
        would wait.
    """
    try:
        found = dict(_files(path))
        if sum(status.st_size for status in found.values()) <= READ_UP_TO:
            return {name: (_digest(name),) for name in found}
    except OSError as error:
        raise unreadable(path, error) from error
    return {name: (s.st_size, s.st_mtime_ns, s.st_ino) for name, s in found.items()}


def as_recorded(path: Path, seen: Look) -> Fields:
    """DVC's record of a path in that state: its digest; for a large folder, size and number of files."""
    at = os.fspath(path)
    sizes = [what[0] for what in seen.values() if len(what) == 3]
    if sizes:
        return {"size": sum(sizes)} | ({} if at in seen else {"nfiles": len(sizes)})
    if at in seen:
        return {"md5": seen[at][0]}
    files = sorted((os.path.relpath(name, at), what[0]) for name, what in seen.items())
    listing = json.dumps([{"md5": digest, "relpath": name} for name, digest in files])
    return {"md5": f"{_md5(listing.encode()).hexdigest()}.dir"}


def differences(before: Look, after: Look) -> list[str]:
    """Paths that were added, removed or changed, sorted."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        if not stat.S_ISREG(status.st_mode):
            raise InputError(
                f"{path} is not a plain file, and no stage made it",
                do="Remove it, then run again",
                reason="not a plain file",
            )
        yield os.fspath(path), status
        return
    with os.scandir(path) as entries:
        children = sorted(
            (entry for entry in entries if not _ignored(entry.name)), key=lambda entry: entry.name
        )
    for child in children:
        if child.is_symlink() and child.is_dir():
            raise InputError(
                f"{child.path} is a link to a folder, and DVC does not look behind those",
                do="Put the folder itself in its place: a copy, or a mount",
                reason="link to a folder",
            )
        yield from _files(Path(child))


def _ignored(name: str) -> bool:
    return name == "__pycache__" or name.endswith(".pyc") or (name[0] == "." and name.endswith(".part"))


def _digest(name: str) -> str:
    with Path(name).open("rb") as stream:
        return hashlib.file_digest(stream, _md5).hexdigest()
