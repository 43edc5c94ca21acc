"""Groups of files with one digest in a manifest: the images of a video, or its annotation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from curation import LARGEST
from curation.digests.statcache import FileStat, list_folder, list_names, stat_file
from curation.errors import InputError
from curation.files import digest
from curation.outside import read_outside

Item = TypeVar("Item")

_CURE = "Fix the permissions or the disk, or wait until nobody changes the data, then run again"


@dataclass(frozen=True)
class Folder:
    """Every visible file of a folder with one of `endings`; if some have one of `first`, only those."""

    path: Path
    endings: tuple[str, ...]
    first: str = ""

    def names(self) -> list[str]:
        """Sorted; none where there is no folder. Raises `InputError` if it cannot be looked at."""
        names = list_names(self.path, self.endings)
        return self._preferred(names, names)

    def paths(self) -> list[Path]:
        return [self.path / name for name in self.names()]

    def stats(self) -> list[FileStat]:
        found = list_folder(self.path, self.endings)
        return self._preferred(found, [file.name for file in found])

    def path_of(self, name: str) -> Path:
        return self.path / name

    def read(self, file: FileStat) -> bytes:
        return _content(Path(file.path))

    def _preferred(self, items: list[Item], names: list[str]) -> list[Item]:
        if not self.first:
            return items
        return [item for item, name in zip(items, names, strict=True) if name.endswith(self.first)] or items


@dataclass(frozen=True)
class Files:
    """Files named one by one, in an order that matters; their names differ. `absent`: those that are missing there."""

    listed: tuple[Path, ...]
    absent: tuple[Path, ...] = ()

    def names(self) -> list[str]:
        return [path.name for path in self.listed]

    def paths(self) -> list[Path]:
        return list(self.listed)

    def stats(self) -> list[FileStat]:
        return [stat_file(path) for path in self.listed]

    def path_of(self, name: str) -> Path:
        known = (*self.listed, *self.absent)
        return next((path for path in known if path.name == name), self.wanted.with_name(name))

    @property
    def wanted(self) -> Path:
        """The first of them, there or not."""
        return (*self.listed, *self.absent)[0]

    def read(self, file: FileStat) -> bytes:
        return _content(Path(file.path))


@dataclass(frozen=True)
class Given:
    """A file that many videos share, represented by the content read from it.

    Parameters
    ----------
    path : Path
        The shared file; for messages only.
    content : bytes
        What it says of this video.
    """

    path: Path
    content: bytes

    def names(self) -> list[str]:
        return [self.path.name]

    def paths(self) -> list[Path]:
        return [self.path]

    def stats(self) -> list[FileStat]:
        """The name stands for the content, so it replaces the time."""
        return [FileStat(digest(self.content), len(self.content), 0, "")]

    def path_of(self, name: str) -> Path:
        return self.path.with_name(name)

    def read(self, _file: FileStat) -> bytes:
        return self.content


Group = Folder | Files | Given


def _content(path: Path) -> bytes:
    try:
        return read_outside(path, limit=LARGEST, kind="a file of a dataset", do=_CURE)
    except FileNotFoundError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", do=_CURE, reason="unreadable file"
        ) from error
