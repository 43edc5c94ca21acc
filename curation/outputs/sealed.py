"""Files that prove they are complete: the first line is a digest of key, length and content.

    sealed 1 <digest>
    <content>

Emptied, cut short, altered, or copied from another key: such a file reads as absent, and is made again.
"""

from __future__ import annotations

import errno
from pathlib import Path

from curation.files import digest, replacing

_FORM = "sealed 1"
_PASSING = (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EINTR)
"""What the system says that says nothing about the file."""
_LONGEST = 100
"""Bytes within which the first line ends, or the file is not sealed."""


def write_sealed(path: Path, key: str, content: bytes) -> None:
    """Write a file with the seal of `key`; it is on the disk on return. Errors as `replacing`."""
    with replacing(path) as stream:
        stream.write(_seal(key, content))
        stream.write(content)


def read_sealed(path: Path, key: str) -> bytes | None:
    """The content of a file sealed with `key`; None if it is missing, unreadable, or altered.

    `OSError` or `MemoryError` where the system lacks memory or file handles: the file may be sound.
    """
    try:
        whole = path.read_bytes() if path.is_file() else b""  # a pipe would be waited for
    except OSError as error:
        if error.errno in _PASSING:
            raise
        return None
    end = whole.find(b"\n", 0, _LONGEST) + 1
    content = whole[end:]
    return content if whole[:end] == _seal(key, content) else None


def _seal(key: str, content: bytes) -> bytes:
    return f"{_FORM} {digest(key.encode(), content)}\n".encode()
