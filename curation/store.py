"""Finished shards, kept outside the stage's output and found again by what they were made from.

DVC deletes a stage's output before it runs the stage. The store is what survives that, a `kill -9` and a
change of one video out of thousands: a shard is looked up by its key, and hard-linked into the output.

A shard is two files, `<key>.tar` and `<key>.json`. The record is written last and says how long the shard
is, when it was written, and its digest; a shard without a record, or that differs from it, does not exist.
Looking up costs one `stat`: only a shard whose time has changed is read again and compared with its digest.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import shutil
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from curation.errors import InputError
from curation.files import replacing, write_json
from curation.shards import SUFFIX

SCHEMA = 1
"""Version of the records' form; a record of another one does not count."""

KEEP_UNUSED_DAYS = 7.0
"""How long a shard that no run uses any more is kept: long enough to try other parameters and come back."""

_CHUNK = 1 << 20


class Store:
    """The finished shards of one subset.

    Parameters
    ----------
    folder : Path
        Made if need be. On the file system of the output, so that links cost nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shard(self, key: str) -> Path:
        """Where the shard of that key lies, or will."""
        return self.folder / f"{key}{SUFFIX}"

    def _record(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def find(self, key: str) -> dict[str, Any] | None:
        """The record of a finished, undamaged shard, or None.

        A damaged one counts as absent, so it is made again.
        """
        try:
            record = orjson.loads(self._record(key).read_bytes())
            state = self.shard(key).stat()
        except (OSError, orjson.JSONDecodeError):
            return None
        if not isinstance(record, dict) or record.get("schema") != SCHEMA:
            return None
        if record["bytes"] != state.st_size:
            return None
        if record["mtime_ns"] != state.st_mtime_ns:
            if _digest(self.shard(key)) != record["digest"]:
                return None
            record["mtime_ns"] = state.st_mtime_ns
            write_json(self._record(key), record, indent=False)
        return record

    def add(self, key: str, write: Callable[[IO[bytes]], dict[str, Any]]) -> dict[str, Any]:
        """Make a shard: `write` fills a stream and returns what its record should hold besides.

        Nothing is visible under the key until it is whole. Two processes that make the same shard do no harm:
        both write the same bytes.
        """
        path = self.shard(key)
        with replacing(path) as stream:
            facts = write(stream)
        state = path.stat()
        record = {
            **facts,
            "schema": SCHEMA,
            "bytes": state.st_size,
            "mtime_ns": state.st_mtime_ns,
            "digest": _digest(path),
        }
        write_json(self._record(key), record, indent=False)
        return record

    def clean(self) -> None:
        """Remove what killed runs left half-written. One still writing fails; what it had finished stays."""
        for path in self.folder.glob(".*.part"):
            path.unlink(missing_ok=True)

    def prune(self, used: Collection[str], *, keep_days: float = KEEP_UNUSED_DAYS) -> int:
        """Mark the `used` keys as used now; remove the others not used for `keep_days`; return how many."""
        oldest = time.time() - keep_days * 86400
        removed = 0
        for path in sorted([*self.folder.glob("*.json"), *self.folder.glob(f"*{SUFFIX}")]):
            if path.stem in used:
                if path.suffix == ".json":
                    os.utime(path)  # the shard's own time must stay: it tells whether it has been changed
            elif self._last_used(path) < oldest:
                path.unlink(missing_ok=True)
                removed += path.suffix == SUFFIX
        return removed

    def _last_used(self, path: Path) -> float:
        for candidate in (self._record(path.stem), path):
            with contextlib.suppress(FileNotFoundError):
                return candidate.stat().st_mtime
        return math.inf


def place(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`: a hard link where the file system has them, else a copy.

    Raises
    ------
    InputError
        If the target cannot be written.
    """
    try:
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                raise
            with replacing(target) as stream, source.open("rb") as content:
                shutil.copyfileobj(content, stream, _CHUNK)
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {error.strerror or error}",
            do="Free space or mend the permissions, then run again: finished work is kept",
            reason="cannot write",
        ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, partial(hashlib.blake2b, digest_size=16)).hexdigest()
