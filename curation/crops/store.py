"""The store of finished work, outside the stages' outputs; its keys are digests of the inputs.

DVC deletes a stage's output before it runs the stage. A store is what survives that, a `kill -9`, a power cut
and a change of one video out of thousands. `Records` keeps small documents (the boxes of a tracked sequence);
`Store` keeps shards, each with a record beside it.

A record is sealed (`curation.outputs.sealed`): whatever happens to it, it is what was written under its key, or absent.
A shard is two files, `<key>.tar` and `<key>.json`. The shard is on the disk before its record appears, and the
record says how long the shard is, when it was written, and its digest; a shard without a record, or that
differs from it, does not exist. Looking up costs one `stat`: only a shard whose time has changed is read again
and compared with its digest.
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
from typing import IO, Any, cast

import orjson

from curation.crops.shards import SUFFIX
from curation.files import replacing, sync_file, writing
from curation.outputs.sealed import read_sealed, write_sealed

SCHEMA = 2
"""Version of the records of shards; a record of another one does not count."""

UNSEALED = 1
"""Version of those that were not sealed yet: they count once their shard has been read and compared."""

KEEP_UNUSED_DAYS = 7.0
"""How long a shard that no run uses any more is kept: long enough to try other parameters and come back."""

_CHUNK = 1 << 20

Facts = dict[str, Any]


class Records:
    """Documents by key, each a sealed file.

    Parameters
    ----------
    folder : Path
        Made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Path of the document of that key, present or not."""
        return self.folder / f"{key}.json"

    def find(self, key: str) -> Facts | None:
        """The document of that key, or None. A damaged one counts as absent and is made again."""
        content = read_sealed(self.path(key), key)
        return None if content is None else orjson.loads(content)

    def add(self, key: str, facts: Facts) -> None:
        """Keep a document of JSON values; it is on the disk when this returns."""
        option = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
        write_sealed(self.path(key), key, orjson.dumps(facts, option=option))


class Store:
    """The finished shards of one subset.

    Parameters
    ----------
    folder : Path
        Made if need be. On the file system of the output, so that links cost nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = Records(folder)

    def shard(self, key: str) -> Path:
        """Path of the shard of that key, present or not."""
        return self.folder / f"{key}{SUFFIX}"

    def find(self, key: str, *, vouch: Callable[[Facts, Path], bool] | None = None) -> Facts | None:
        """The record of a finished, undamaged shard, or None.

        A damaged one counts as absent, so it is made again.

        Parameters
        ----------
        key : str
        vouch : callable, optional
            Whether a record that is not sealed yet tells the truth about a shard that has the digest it says.
            It then is sealed, and not asked about again.
        """
        record = self._records.find(key)
        if record is None:
            return self._adopt(key, vouch)
        if record.get("schema") != SCHEMA:
            return None
        try:
            state = self.shard(key).stat()
            if record["bytes"] != state.st_size:
                return None
            if record["mtime_ns"] != state.st_mtime_ns:
                if _digest(self.shard(key)) != record["digest"]:
                    return None
                record["mtime_ns"] = state.st_mtime_ns
                self._records.add(key, record)
        except OSError:
            return None
        return record

    def add(self, key: str, write: Callable[[IO[bytes]], Facts]) -> Facts:
        """Make a shard: `write` fills a stream and returns what its record should hold besides.

        Nothing is visible under the key until it is whole and on the disk. Two processes that make the same
        shard do no harm: both write the same bytes.
        """
        path = self.shard(key)
        with replacing(path) as stream:
            digesting = _Digesting(stream)
            facts = write(cast(IO[bytes], digesting))
        return self._record(key, facts, digesting.digest)

    def keys(self) -> list[str]:
        """Keys of everything there, complete or not, sorted."""
        return sorted({path.stem for end in (".json", SUFFIX) for path in self.folder.glob(f"[!.]*{end}")})

    def look(self, key: str, *, read: bool = False) -> Facts | None:
        """Like `find`, without changes: an unsealed record is taken as it is.

        With `read`, the shard is read and compared with its digest, whatever its time.
        """
        record = self._records.find(key) or self._unsealed(key)
        try:
            if record is None or self.shard(key).stat().st_size != record["bytes"]:
                return None
            return record if not read or _digest(self.shard(key)) == record["digest"] else None
        except (OSError, KeyError):
            return None

    def remove(self, key: str) -> None:
        """Remove a shard and its record; raises `OSError` if that fails."""
        self._records.path(key).unlink(missing_ok=True)
        self.shard(key).unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove half-written files of killed runs. A run that still writes them fails; its finished files stay."""
        for path in self.folder.glob(".*.part"):
            path.unlink(missing_ok=True)

    def prune(self, used: Collection[str], *, keep_days: float = KEEP_UNUSED_DAYS) -> int:
        """Mark `used` keys as used now, and remove others not used for `keep_days`; return how many."""
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

    def _record(self, key: str, facts: Facts, digest: str) -> Facts:
        state = self.shard(key).stat()
        record = {
            **facts,
            "schema": SCHEMA,
            "bytes": state.st_size,
            "mtime_ns": state.st_mtime_ns,
            "digest": digest,
        }
        self._records.add(key, record)
        return record

    def _adopt(self, key: str, vouch: Callable[[Facts, Path], bool] | None) -> Facts | None:
        """The record of a shard that is older than seals, after reading the shard; seals it."""
        shard, record = self.shard(key), self._unsealed(key)
        try:
            if record is None or record.get("digest") != _digest(shard):
                return None
            if vouch is not None and not vouch(record, shard):
                return None
            sync_file(shard)  # what was read may not have reached the disk
        except OSError:
            return None
        return self._record(key, record, record["digest"])

    def _unsealed(self, key: str) -> Facts | None:
        path = self._records.path(key)
        try:
            record = orjson.loads(path.read_bytes() if path.is_file() else b"")
        except (OSError, orjson.JSONDecodeError):
            return None
        return record if isinstance(record, dict) and record.get("schema") == UNSEALED else None

    def _last_used(self, path: Path) -> float:
        for candidate in (self._records.path(path.stem), path):
            with contextlib.suppress(FileNotFoundError):
                return candidate.stat().st_mtime
        return math.inf


class _Digesting:
    """A stream to write to, with the digest of what was written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._state = hashlib.blake2b(digest_size=16)

    def write(self, content: bytes) -> int:
        self._state.update(content)
        return self._stream.write(content)

    @property
    def digest(self) -> str:
        return self._state.hexdigest()


def place(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`: a hard link where the file system has them, else a copy.

    Raises
    ------
    InputError
        If the target cannot be written.
    """
    with writing(target):
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                raise
            with replacing(target) as stream, source.open("rb") as content:
                shutil.copyfileobj(content, stream, _CHUNK)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, partial(hashlib.blake2b, digest_size=16)).hexdigest()
