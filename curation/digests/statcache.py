"""Remember results of reading, so that a file is read again only if `stat` shows a possible change.

Files are known by name, size and time of modification. Two things are guarded against:

- A file that changed within the clock's resolution of being read could change again unnoticed, so
  results about very young files are not remembered (git calls this the racy index problem).
- The cache itself is checked by a digest of its content: missing, damaged or of another version, it
  costs one full reading and nothing else.

An edit that keeps name, size and time is not noticed; that is what a strict scan is for.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from curation.errors import InputError
from curation.files import digest, write_bytes
from curation.outside import unreadable

VERSION = 1
RESOLUTION_NS = 2_000_000_000
"""Nanoseconds within which two changes of a file may bear one time (on FAT and some network disks)."""


class FileStat(NamedTuple):
    """One file by `stat`: name inside its folder, bytes, nanoseconds since the epoch, its path."""

    name: str
    size: int
    mtime_ns: int
    path: str


@dataclass(frozen=True)
class Fingerprint:
    """A group of files by `stat`. `young` if `stat` cannot vouch for their content yet."""

    value: str
    young: bool


class Remembered(NamedTuple):
    """A result, and the `Fingerprint.value` of the files that it was read from."""

    fingerprint: str
    result: Any


def list_names(folder: Path, suffix: str | tuple[str, ...]) -> list[str]:
    """Names of the visible entries of a folder that end in `suffix` (or one of them), sorted; no folder, no names.

    Raises
    ------
    InputError
        If the folder cannot be looked at.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(folder, error) from error
    return sorted(name for name in names if name.endswith(suffix) and name[0] != ".")


def list_folder(folder: Path, suffix: str | tuple[str, ...]) -> list[FileStat]:
    """Stat the visible files of a folder whose names end in `suffix` (or one of them), sorted; no folder, no files.

    Raises
    ------
    InputError
        If one of them is not a plain file (after following links), or cannot be looked at.
    """
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(suffix) and name[0] != ".":
                    found.append(_file_stat(name, entry.stat(), entry.path))
    except (FileNotFoundError, NotADirectoryError) as error:
        if not os.path.lexists(folder):
            return []
        raise unreadable(folder, error) from error
    except OSError as error:
        raise unreadable(folder, error) from error
    found.sort()
    return found


def stat_file(path: Path) -> FileStat:
    """Stat one file, under its name alone. Errors as `list_folder`, and if it is missing."""
    try:
        return _file_stat(path.name, path.stat(), os.fspath(path))
    except OSError as error:
        raise unreadable(path, error) from error


def _file_stat(name: str, status: os.stat_result, path: str) -> FileStat:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a plain file", do="Remove or replace it", reason="unreadable file")
    return FileStat(name, status.st_size, status.st_mtime_ns, path)


def fingerprint(*groups: Sequence[FileStat]) -> Fingerprint:
    """Fingerprint of groups of files (images apart from annotations), each in the order given."""
    now = time.time_ns()
    lines = ["\n".join(f"{f.name}\0{f.size}\0{f.mtime_ns}" for f in group) for group in groups]
    newest = max((f.mtime_ns for group in groups for f in group), default=0)
    # A name that is not UTF-8 comes back from the file system with surrogates (PEP 383).
    seen = digest(*(text.encode(errors="surrogateescape") for text in lines))
    return Fingerprint(seen, abs(now - newest) < RESOLUTION_NS)


class StatCache:
    """Results by name and fingerprint, kept in one file of a state folder.

    The file is written whole or not at all, so concurrent runs can only overwrite each other's results, each
    of which holds. Results are plain JSON values.

    Parameters
    ----------
    folder : Path
        The state folder; it is made if need be, and may be deleted at any time.
    subject : str
        What the results are about, with the place of the data: results about one place never serve another.
    """

    def __init__(self, folder: Path, subject: str) -> None:
        self.path = folder / f"{digest(subject.encode())}.json"
        self._results = self._load()
        self._changed = False

    def get(self, name: str) -> Remembered | None:
        """The remembered result for `name`; valid if the files' fingerprint still has this value."""
        return self._results.get(name)

    def put(self, name: str, mark: Fingerprint, result: Any) -> None:
        """Remember a result, unless its files are too young."""
        self._results.pop(name, None)
        if not mark.young:
            self._results[name] = Remembered(mark.value, result)
        self._changed = True

    def keep_only(self, names: set[str]) -> None:
        """Forget names that no longer exist."""
        for name in self._results.keys() - names:
            del self._results[name]
            self._changed = True

    def save(self) -> None:
        """Write the cache if anything changed since it was read or saved."""
        if self._changed:
            content = orjson.dumps(
                {n: list(k) for n, k in self._results.items()}, option=orjson.OPT_SORT_KEYS
            )
            write_bytes(self.path, self._check(content) + content)
            self._changed = False

    def _load(self) -> dict[str, Remembered]:
        try:
            head, _, content = self.path.read_bytes().partition(b"\n")
        except OSError:
            return {}
        if head + b"\n" != self._check(content):
            return {}
        return {name: Remembered(*kept) for name, kept in orjson.loads(content).items()}

    @staticmethod
    def _check(content: bytes) -> bytes:
        return f"{VERSION} {digest(content)}\n".encode()
