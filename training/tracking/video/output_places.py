"""Outputs of hours of work: checked before it begins, and kept if something fails at its end."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from curation.errors import InputError
from curation.files import write_bytes


def check_place(path: Path) -> Path:
    """Where to write the file `path`: there, or where a link of that name leads. Its folder is made.

    Raises
    ------
    InputError
        If it cannot be written: a folder, a device, a pipe, a socket or a read-only file is never replaced.
    """
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise _refused(path, "it is a folder" if path.is_dir() else "it is not a plain file")
    if path.exists() and not os.access(path, os.W_OK):
        raise _refused(path, "it is read-only")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", suffix=".part", dir=path.parent):
            pass
    except OSError as error:
        raise _refused(path, str(error.strerror or error)) from error
    return path


def write_or_rescue(path: Path, content: bytes) -> None:
    """Write a file; where that fails, into the system's folder of temporary files.

    Raises
    ------
    InputError
        If it is not at `path`; the message names where it is.
    """
    try:
        write_bytes(path, content)
    except InputError as error:
        try:
            handle, kept = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=path.suffix)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
        except OSError:
            raise error from None
        raise InputError(f"{error.what}; it is kept as {kept}", do="Move it to where you want it") from error


def _refused(path: Path, why: str) -> InputError:
    return InputError(
        f"cannot write {path}: {why}",
        do="Name a file in a folder that you can write to",
        reason="cannot write",
    )
