"""Shards: one plain USTAR file for each video. The same members give the same bytes; offsets allow random reads.

A member is named `<video>/<frame:06d>-<track:02d>.x.jpg` (`.z.jpg` for an exemplar crop). The first dot of
the file name stands before the kind of crop, so `webdataset` makes one sample of an object in a frame: key
`<video>/000007-00`, fields `x.jpg` and `z.jpg`. The video is part of the key, so shards can be read, or
unpacked, one after the other without two samples meeting under one key.

Members are ordered by frame, then track, then kind. Owner, group and time are 0, and the layout follows from
the sizes alone: each member takes a header block and its content, rounded up to whole blocks of 512 bytes.
"""

from __future__ import annotations

import functools
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curation.cures import FETCH, remake
from curation.errors import InputError
from curation.files import MENDED

BLOCK = tarfile.BLOCKSIZE
SUFFIX = ".tar"

_END = bytes(2 * BLOCK)
_MAGIC = slice(257, 265)
_MAGIC_USTAR = b"ustar\x0000"
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_NAME = 100
"""Bytes of a name that fit without a folder field."""
_DIGITS = 11
"""Octal digits of a size that fits."""
_BLANK = bytearray(tarfile.TarInfo().tobuf(tarfile.USTAR_FORMAT))
_BLANK[_SIZE] = bytes(_SIZE.stop - _SIZE.start)
_BLANK[_CHECKSUM] = b" " * 8  # as which it counts in the checksum itself
_BLANK_SUM = sum(_BLANK)


def member_name(video: str, frame: int, track: int, kind: str) -> str:
    """Name of a crop inside its video's shard; `kind` is `"x"` (search region) or `"z"` (exemplar)."""
    return f"{video}/{frame:06d}-{track:02d}.{kind}.jpg"


def data_offsets(sizes: ArrayLike) -> NDArray[np.int64]:
    """Offset of each member's content in a shard, from the sizes in bytes of all members in order."""
    taken = _blocks(np.asarray(sizes, np.int64)) + BLOCK
    return np.cumsum(taken) - taken + BLOCK


def shard_bytes(sizes: ArrayLike) -> int:
    """Length in bytes of the shard whose members have these sizes."""
    return int((_blocks(np.asarray(sizes, np.int64)) + BLOCK).sum()) + len(_END)


def _blocks(size: Any) -> Any:
    return -(-size // BLOCK) * BLOCK


def write_shard(stream: IO[bytes], members: Iterable[tuple[str, bytes]]) -> list[int]:
    """Write a shard from its members' names and contents, in the order given; return their sizes in bytes.

    Raises
    ------
    InputError
        If a name does not fit a USTAR header: at most 155 bytes of UTF-8 for the folder and 100 for the file.
    """
    sizes = []
    for name, content in members:
        stream.write(b"".join((_header(name, len(content)), content, bytes(-len(content) % BLOCK))))
        sizes.append(len(content))
    stream.write(_END)
    return sizes


def list_members(path: Path) -> list[tuple[str, int]]:
    """Name and size in bytes of each member of a shard, in order.

    Raises
    ------
    OSError, tarfile.TarError
        If the file cannot be read, or is no archive.
    """
    with tarfile.open(path, "r:") as archive:
        return [(member.name, member.size) for member in archive]


def _header(name: str, size: int) -> bytes:
    """A header as `tarfile` makes it, in a tenth of the time if the name needs no folder field."""
    digits = b"%011o" % size
    if len(name) > _NAME or len(digits) > _DIGITS or not name.isascii():
        return _any_header(name, size)
    header, encoded = bytearray(_BLANK), name.encode("ascii")
    header[: len(encoded)] = encoded
    header[_SIZE.start : _SIZE.start + _DIGITS] = digits
    header[_CHECKSUM] = b"%06o\0 " % (_BLANK_SUM + sum(encoded) + sum(digits))
    return bytes(header)


def _any_header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError as error:
        raise InputError(
            f"{name!r} cannot be the name of a tar member: {error}",
            do="Rename the video: at most 155 bytes",
            reason="bad video name",
        ) from None


class ShardReader:
    """Reads members of one shard by offset.

    Safe to share between threads and across a fork (`os.pread` keeps no position), and picklable: a copy
    in another process opens the file for itself.

    Parameters
    ----------
    path : Path
        The shard.
    size : int, optional
        Its expected length in bytes, as the imdb records it.

    Raises
    ------
    InputError
        On the first read, if the file is missing, is no USTAR archive, or has another length.
    """

    def __init__(self, path: Path, size: int | None = None) -> None:
        self.path = path
        self.size = size
        self._handles: dict[str, int] = {}

    def __getstate__(self) -> tuple[Path, int | None]:
        return self.path, self.size

    def __setstate__(self, state: tuple[Path, int | None]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def __del__(self) -> None:
        for handle in self._handles.values():
            os.close(handle)

    def read(self, offset: int, size: int) -> bytes:
        """Content of the member that starts at `offset` and has `size` bytes.

        The header in front of it is read along, so a wrong offset is an error, never a wrong crop.

        Raises
        ------
        InputError
            If no member of that size starts there: the shard is truncated, or not the one that was indexed.
        """
        handle = self._handles.get("file")
        if handle is None:
            handle = self._open()
        found = os.pread(handle, BLOCK + size, offset - BLOCK) if offset >= BLOCK else b""
        if len(found) != BLOCK + size:
            raise self._refuse(f"is cut short: it has no {size} bytes at offset {offset}", "truncated shard")
        if found[_MAGIC] != _MAGIC_USTAR or int(found[_SIZE].rstrip(b"\0 ") or b"0", 8) != size:
            raise self._refuse(
                f"is not the shard that was indexed: no member of {size} bytes at offset {offset}",
                "foreign shard",
            )
        return found[BLOCK:]

    def _open(self) -> int:
        """Open without a lock, because a fork could copy a held one; the first thread to open wins."""
        handle = self._checked()
        kept = self._handles.setdefault("file", handle)
        if kept != handle:
            os.close(handle)
        return kept

    def _checked(self) -> int:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            fetch = f"Run: {FETCH}, or {remake('crop', 'imdb')}"
            raise self._refuse("is missing", "missing shard", do=fetch) from None
        except OSError as error:
            cure = "Fix its permissions or the disk, then run again"
            raise self._refuse(f"cannot be read: {error.strerror}", "unreadable shard", do=cure) from error
        try:
            length = os.fstat(handle).st_size
            if self.size is not None and length != self.size:
                raise self._refuse(f"has {length} bytes, {self.size} were indexed", "foreign shard")
            if os.pread(handle, BLOCK, 0)[_MAGIC] != _MAGIC_USTAR:
                raise self._refuse("is not a USTAR archive", "foreign shard")
            if length % BLOCK or os.pread(handle, len(_END), length - len(_END)) != _END:
                raise self._refuse("is cut short: it has no end-of-archive mark", "truncated shard")
        except BaseException:
            os.close(handle)
            raise
        return handle

    def _refuse(self, what: str, reason: str, *, do: str = MENDED) -> InputError:
        return InputError(f"shard {self.path} {what}", do=do, reason=reason)


class ShardFolder:
    """Reads members of the many shards under one folder, keeping at most `max_open` of them open.

    Safe to share between threads and across a fork, and picklable, as `ShardReader` is.
    """

    def __init__(self, root: Path, max_open: int = 256) -> None:
        self.root = root
        self.max_open = max_open
        # A reader that falls out of the cache closes when the last thread that still uses it lets go.
        self._reader = functools.lru_cache(maxsize=max_open)(functools.partial(_reader_below, root))

    def __reduce__(self) -> tuple[Any, ...]:
        return ShardFolder, (self.root, self.max_open)

    def read(self, shard: str, offset: int, size: int, *, shard_size: int | None = None) -> bytes:
        """`ShardReader.read` of the shard at the relative path `shard` (`"a/<video>.tar"`)."""
        return self._reader(shard, shard_size).read(offset, size)


def _reader_below(root: Path, shard: str, size: int | None) -> ShardReader:
    return ShardReader(root / shard, size)
