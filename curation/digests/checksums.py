"""Digests of single files; the manifest has only one digest for a group of them.

The manifest's digest of a video's images is that of their names and BLAKE2b digests, one after the other. Just these
bytes are kept in a state folder, in a file named by the digest. So such a file proves itself: it cannot be out of date.
Where it is missing or damaged nothing goes wrong, but an error names the newest file instead of the one that differs,
and a video of which one frame cannot be read waits as a whole. It takes 44 bytes a file.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from curation.cures import remake
from curation.errors import InputError
from curation.files import writing

CHANGED = "changed since the manifest"
"""`InputError.reason` where a stage reads something else than the manifest stage did."""

_SIZE = 32
_DOUBT = ".doubt"


def checksums_folder(state: Path, name: str) -> Path:
    """Path of the checksums of a subset's or benchmark's files in the state folder."""
    return state / "checksums" / name


def checksum(content: bytes) -> bytes:
    """BLAKE2b digest of a file's content, 32 bytes."""
    return hashlib.blake2b(content, digest_size=_SIZE).digest()


class Checksum(NamedTuple):
    """Name of a file inside its folder, and `checksum` of its content."""

    name: str
    value: bytes


def pack(files: Iterable[Checksum]) -> bytes:
    """The bytes whose digest is that of the group."""
    # A name that is not UTF-8 comes from the file system with surrogates (PEP 383).
    return b"".join(name.encode(errors="surrogateescape") + b"\0" + value for name, value in files)


def unpack(packed: bytes) -> tuple[Checksum, ...]:
    """The inverse of `pack`."""
    files = []
    at = 0
    while at < len(packed):
        end = packed.index(b"\0", at)
        name = packed[at:end].decode(errors="surrogateescape")
        files.append(Checksum(name, packed[end + 1 : end + 1 + _SIZE]))
        at = end + 1 + _SIZE
    return tuple(files)


def group_digest(packed: bytes) -> str:
    """The manifest's digest of a group of files, 32 hexadecimal digits, from the `pack` of their checksums."""
    return hashlib.blake2b(packed, digest_size=16).hexdigest()


@dataclass(frozen=True)
class Record:
    """The manifest's record of one group of files: a video's images, or its annotations.

    Parameters
    ----------
    group : str
        What it is, for messages: `"video a/ILSVRC2015_train_00000000"`.
    digest : str
        Of all its files.
    checksums : Path
        The folder where their checksums are kept, if they are.
    """

    group: str
    digest: str
    checksums: Path

    def keep(self, packed: bytes) -> None:
        """Keep the group's checksums, and clear any doubt about it: it was just read."""
        with writing(self._kept):
            self.checksums.mkdir(parents=True, exist_ok=True)
            # Written in place and not synced: half a file does not prove itself.
            self._kept.write_bytes(packed)
            self._doubt.unlink(missing_ok=True)

    def files(self) -> tuple[Checksum, ...] | None:
        """The group's checksums in order, or None if they are missing or damaged."""
        try:
            packed = self._kept.read_bytes()
        except OSError:
            return None
        return unpack(packed) if group_digest(packed) == self.digest else None

    def differs(self, problems: Sequence[str]) -> InputError:
        """The error for a group that differs from the record; the manifest stage will read the whole group again.

        Parameters
        ----------
        problems : sequence of str
            One a file, at least one: `"{path} is not what the manifest stage read"`.
        """
        with contextlib.suppress(OSError):
            self.checksums.mkdir(parents=True, exist_ok=True)
            self._doubt.touch()
        more = f" ({len(problems) - 1} more files of {self.group} differ)" if problems[1:] else ""
        return changed(problems[0] + more)

    @property
    def _kept(self) -> Path:
        return self.checksums / self.digest

    @property
    def _doubt(self) -> Path:
        return self.checksums / f"{self.digest}{_DOUBT}"


def changed(what: str) -> InputError:
    """The error for something that is not as the manifest stage found it."""
    return InputError(
        what,
        do=f"Run again: {remake()}. It reads what changed, and finished work is kept",
        reason=CHANGED,
    )


def is_kept(checksums: Path, digest: str) -> bool:
    """Whether there is a file of checksums for a group, by its name."""
    return (checksums / digest).is_file()


def doubted(checksums: Path) -> set[str]:
    """Digests of groups that differed from their record: to be read even if they look unchanged."""
    return {path.name.removesuffix(_DOUBT) for path in checksums.glob(f"*{_DOUBT}")}


def keep_only(checksums: Path, digests: Collection[str]) -> None:
    """Remove the checksums of groups that no longer exist."""
    for path in checksums.glob("*"):
        if path.name.removesuffix(_DOUBT) not in digests:
            path.unlink(missing_ok=True)
