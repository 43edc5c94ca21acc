"""What a power cut can leave of a folder, at every moment of some work in it.

A disk that loses its power is as unkind as it may be: a file's content is there only if the file was synced, a
name only if its folder was synced since (or by luck: every choice of the others is tried), and a name may be
there without its content: empty, or zeros of the right length and time.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_TEMPORARY = re.compile(r"^\.(.+)\.[^.]+\.part$")


@dataclass(frozen=True)
class _Content:
    written: bytes
    times: tuple[int, int]


@dataclass
class PowerCuts:
    """Records the syncs and renames of files below a folder; then puts there what each cut could have left."""

    folder: Path
    events: list[str] = field(default_factory=list)
    """`sync NAME`, `rename NAME`, `sync folder`: in their order."""
    _names: dict[Path, int] = field(default_factory=dict)
    _durable: dict[Path, int] = field(default_factory=dict)
    _contents: dict[int, _Content] = field(default_factory=dict)
    _zeros: dict[int, _Content] = field(default_factory=dict)
    _moments: list[tuple[dict[Path, int], dict[Path, int], dict[int, _Content]]] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, ExitStack() as kept_open:
            sync, replace = os.fsync, os.replace

            def watched_sync(handle: int) -> None:
                sync(handle)
                self._synced(handle)

            def watched_replace(source: Any, target: Any) -> None:
                replace(source, target)
                path = Path(target)
                if path.is_relative_to(self.folder):
                    self.events.append(f"rename {path.name}")
                    # Held open, so that its inode number is not given to another file.
                    state = os.fstat(kept_open.enter_context(path.open("rb")).fileno())
                    self._names[path] = state.st_ino
                    zeros = _Content(bytes(state.st_size), (state.st_atime_ns, state.st_mtime_ns))
                    self._zeros[state.st_ino] = zeros
                    self._moment()

            patch.setattr(os, "fsync", watched_sync)
            patch.setattr(os, "replace", watched_replace)
            yield

    def _synced(self, handle: int) -> None:
        state = os.fstat(handle)
        if stat.S_ISDIR(state.st_mode):
            folder = next(
                (f for f in [self.folder, *self.folder.rglob("*")] if f.stat().st_ino == state.st_ino), None
            )
            if folder:
                self.events.append("sync folder")
                self._durable |= {
                    name: number for name, number in self._names.items() if name.parent == folder
                }
        else:
            path = next((p for p in self.folder.rglob("*") if p.stat().st_ino == state.st_ino), None)
            if path:
                temporary = _TEMPORARY.match(path.name)
                self.events.append(f"sync {temporary[1] if temporary else path.name}")
                self._contents[state.st_ino] = _Content(
                    path.read_bytes(), (state.st_atime_ns, state.st_mtime_ns)
                )
        self._moment()

    def _moment(self) -> None:
        self._moments.append((dict(self._names), dict(self._durable), dict(self._contents)))

    def each(self) -> Iterator[str]:
        """For each cut that was possible: yield what it is, with the folder as it leaves it."""
        for number, (names, durable, contents) in enumerate(self._moments):
            at_risk = [name for name in names if durable.get(name) != names[name]]
            for lost, zeros in itertools.product(_choices(at_risk), (False, True)):
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder.mkdir()
                for name in names:
                    there = durable.get(name) if name in lost else names[name]
                    if there is not None:
                        instead = self._zeros[there]
                        _put(name, contents.get(there, instead if zeros else _Content(b"", instead.times)))
                yield f"after {self.events[: number + 1]}, lost: {sorted(path.name for path in lost)}"


def _choices(names: list[Path]) -> Iterator[set[Path]]:
    for count in range(len(names) + 1):
        yield from map(set, itertools.combinations(names, count))


def _put(path: Path, content: _Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.written)
    os.utime(path, ns=content.times)
