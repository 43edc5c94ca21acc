"""Files that are whole once they exist: written under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from curation.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; on a clean exit it becomes `path`, otherwise it is removed.

    The folder is made if need be. A full disk or a read-only folder raises `InputError` naming `path`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot write {path}: {error.strerror or error}",
        do="Free space or mend the permissions, then run again: finished work is kept",
        reason="cannot write",
    )


def sync_file(path: Path) -> None:
    """Have the content of a file on the disk before this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk before this returns."""
    sync_file(path)


def sync_tree(path: Path) -> None:
    """Have a file, or a folder and all below it, on the disk before this returns."""
    if path.is_dir():
        for child in path.iterdir():
            sync_tree(child)
    sync_file(path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file atomically."""
    with replacing(path) as stream:
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
        raise InputError(
            f"{path} is missing", do=f"Run: dvc repro {made_by}", reason="missing file"
        ) from None
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"{path} is not whole JSON ({error})", do=f"Run: dvc repro {made_by}", reason="damaged file"
        ) from None


def digest(*parts: bytes) -> str:
    """A 32-digit hexadecimal BLAKE2b digest of the parts, each preceded by its length."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()
