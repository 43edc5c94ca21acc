"""Files from outside: opened without waiting, only plain files, of bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from curation.errors import InputError, printable

__all__ = ["open_outside", "printable", "read_outside"]


@contextmanager
def open_outside(path: Path, *, limit: int, kind: str, do: str = "") -> Iterator[BufferedReader]:
    """Open a file that somebody else wrote, for reading.

    A named pipe, a socket, a device or a folder in its place is refused at once, never waited for, and so is a
    file that is larger than `limit`. An `OSError` in the block is taken for one of reading this file.

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
    cure = do or "Restore the file, or fix its permissions, then run again"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise unreadable(path, error, cure) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            found = "a folder" if stat.S_ISDIR(status.st_mode) else "not a plain file"
            raise InputError(f"{path} is {found}, so it is not {kind}", do=cure, reason="not a plain file")
        if status.st_size > limit:
            raise _too_large(path, status.st_size, limit, kind, cure)
        with os.fdopen(handle, "rb", closefd=False) as stream:
            yield stream
    except OSError as error:
        raise unreadable(path, error, cure) from error
    finally:
        os.close(handle)


def read_outside(path: Path, *, limit: int, kind: str, do: str = "") -> bytes:
    """The whole content of a file that somebody else wrote.

    Parameters and errors are those of `open_outside`. No more than `limit` bytes are read even of a file that
    grows meanwhile.
    """
    with open_outside(path, limit=limit, kind=kind, do=do) as stream:
        # One byte more than there should be: the end shows in the same call, and nothing is read twice.
        content = stream.read(os.fstat(stream.fileno()).st_size + 1)
        while part := stream.read(1 << 20):
            content += part
            if len(content) > limit:
                break
    if len(content) > limit:
        raise _too_large(path, len(content), limit, kind, do)
    return content


def _too_large(path: Path, size: int, limit: int, kind: str, do: str) -> InputError:
    return InputError(
        f"{path} has {size:,} bytes, more than the {limit:,} that {kind} can have",
        do=do,
        reason="file too large",
    )


def unreadable(path: Path, error: OSError | ValueError, do: str = "") -> InputError:
    """The error for a file or folder that the system refuses to read."""
    what = getattr(error, "strerror", None) or error
    cure = do or "Fix its permissions, the link or the disk, then run again"
    return InputError(
        f"cannot read {getattr(error, 'filename', None) or path}: {what}", do=cure, reason="unreadable file"
    )
