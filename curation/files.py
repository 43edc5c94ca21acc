"""Files that are complete as soon as they exist: written under a temporary name in the same folder, then renamed.

A rename alone protects from a killed process, not from a power cut: the name may reach the disk long before the
content does. So the content is synced before the name appears, and then the folder, before anything else relies
on the name.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from curation.cures import FETCH, remake
from curation.errors import InputError

MEND = "python -m pipelines doctor cache --mend"
MENDED = f"Run: {MEND}; then {remake()}, or {FETCH}"
"""What to do about a stage's output that is damaged: DVC may take it for sound, and its cache may share the damage."""

SYNCING_THREADS = 16
"""Files of a tree that are synced at once: a file system writes many down together, ten times as fast."""

_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""Some network file systems cannot sync a folder; they write names at once."""


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; on a clean exit it becomes `path`, otherwise it is removed.

    The folder is made if need be. A full disk or a read-only folder raises `InputError` naming `path`.

    Parameters
    ----------
    durable : bool
        Whether the content is on the disk before the name appears, and the name before this returns (about
        1 ms). Not needed in a folder that is synced as a whole (`sync_tree`) before anybody reads it.
    """
    with writing(path):
        _make_folder(path.parent, durable=durable)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fchmod(handle, 0o644)
                if durable:
                    os.fsync(handle)
            temporary.replace(path)
            if durable:
                sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """A new folder to fill. On a clean exit it replaces `folder`, otherwise it is removed. Nothing is synced.

    Raises
    ------
    InputError
        As for `replacing`.
    """
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        try:
            yield made
            made.chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an `OSError` inside the block into an `InputError` that names `path`."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}",
            do="Free space (and inodes) or fix the permissions, then run again: finished work is kept",
            reason="cannot write",
        ) from error


def _make_folder(folder: Path, *, durable: bool) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent, durable=durable)
        folder.mkdir(exist_ok=True)
        if durable:
            sync_folder(folder.parent)


def sync_file(path: Path) -> None:
    """Return once the content of a file is on the disk; `OSError` if it cannot be."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Return once the names in a folder are on the disk; `OSError` if they cannot be."""
    try:
        sync_file(path)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def sync_tree(path: Path) -> None:
    """Return once a file, or a folder and all below it, is on the disk: files first, then folders, inner ones
    before outer ones. Links are not followed. A file synced before costs 0.1 ms. `OSError` if it cannot be.
    """
    files: list[Path] = [] if path.is_dir() and not path.is_symlink() else [path]
    folders: list[Path] = []
    if not files:
        for folder, _, names in os.walk(path, onerror=_raise):
            folders.append(Path(folder))
            files += [file for file in (Path(folder, name) for name in names) if not file.is_symlink()]
    if len(files) > 1:
        from concurrent.futures import ThreadPoolExecutor  # here: it is rarely needed, and slow to import

        with ThreadPoolExecutor(SYNCING_THREADS) as threads:
            list(threads.map(sync_file, files))
    else:
        for file in files:
            sync_file(file)
    for each in reversed(folders):
        sync_folder(each)


def _raise(error: OSError) -> None:
    raise error


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a whole file atomically; `durable` as for `replacing`."""
    with replacing(path, durable=durable) as stream:
        stream.write(content)


def write_json(path: Path, value: Any, *, indent: bool = True) -> None:
    """Write JSON atomically, keys sorted, one trailing newline; numpy arrays and scalars are accepted."""
    option = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
    write_bytes(path, orjson.dumps(value, option=option | (orjson.OPT_INDENT_2 if indent else 0)))


def read_json(path: Path, *, made_by: str) -> Any:
    """Read a JSON file that a stage made.

    Raises
    ------
    InputError
        If it is missing or damaged; the message names `made_by`, the stage to run.
    """
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise missing(path, made_by) from None
    except orjson.JSONDecodeError as error:
        raise damaged(path, f"is not whole JSON ({error})", made_by) from None


def missing(path: Path, made_by: str) -> InputError:
    """The error for an output of that stage that is not there."""
    return InputError(f"{path} is missing", do=f"Run: {remake(made_by)}", reason="missing file")


def damaged(path: Path, why: str, made_by: str) -> InputError:
    """The error for an output of that stage that is not whole."""
    return InputError(f"{path} {why}", do=f"Run: {MEND}; then {remake(made_by)}", reason="damaged file")


def digest(*parts: bytes) -> str:
    """A 32-digit hexadecimal BLAKE2b digest of the parts, each preceded by its length."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()
