"""Files from outside: opened without waiting, plain, of bounded size; names made fit to print."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from curation.errors import InputError


def read_outside(path: Path, *, limit: int, kind: str, do: str = "") -> bytes:
    """Read a whole file that somebody else wrote.

    A named pipe, a socket, a device or a folder in its place is refused at once, never waited for. The size is
    looked at before anything is read, and no more than `limit` bytes are read even of a file that grows.

    Parameters
    ----------
    path : Path
        The file; links are followed.
    limit : int
        Most bytes that a file of this kind can have.
    kind : str
        What the file should be, for messages: `"a frame"`, `"a result file"`.
    do : str
        What the user should do where the file cannot be used; by default, to restore it.

    Raises
    ------
    FileNotFoundError
        If there is none: what that means is for the caller to say.
    InputError
        If it is not a plain file, is larger than `limit` (reason `"not a plain file"`, `"file too large"`), or
        cannot be read (reason `"unreadable file"`).
    """
    cure = do or "Restore the file, or mend its permissions, then run again"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(handle, "rb", buffering=0) as stream:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(
                    f"{path} is not a plain file, so it is not {kind}", do=cure, reason="not a plain file"
                )
            content = b"" if status.st_size > limit else _read(stream.fileno(), limit + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        what = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path}: {what}", do=cure, reason="unreadable file") from error
    size = max(status.st_size, len(content))
    if size > limit:
        raise InputError(
            f"{path} has {size:,} bytes, more than the {limit:,} that {kind} can have",
            do=cure,
            reason="file too large",
        )
    return content


def _read(handle: int, most: int) -> bytes:
    parts = []
    while most > 0 and (part := os.read(handle, min(most, 1 << 24))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def printable(text: str) -> str:
    """Text for a message: control characters, terminal escapes and bytes that are not UTF-8 as `\\x1b`."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as the file system gives it (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()
