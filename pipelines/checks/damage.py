"""Find what a power cut, a bad disk or an edit in place has damaged: cache, records, outputs.

The size of every object is compared with the record, and with zero. The content is compared with the digest that is
its name: of every folder's listing, and of a sample of the other objects, or of all.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipelines.checks.cache_objects import EMPTY, OBJECTS, RUNS, object_name, objects
from pipelines.checks.memory import find_databases, is_broken, remembers_digests
from pipelines.checks.records import LOCK, Entry, committed_lock, read_listing, read_lock, read_run

RWLOCK = Path(".dvc/tmp/rwlock")

_RUN = re.compile(r"[0-9a-f]{64}")  # others are being written

Listings = dict[str, dict[str, str]]
"""Of each folder's object: path below the folder -> object of the file."""


@dataclass
class Damage:
    """The damage found, and how much was checked.

    Attributes
    ----------
    objects : dict of str to Path
        Damaged objects by their name.
    runs : list of Path
        Records of the run-cache that cannot be read, or whose outputs are damaged objects without `sources`;
        and empty folders of records, over which DVC stumbles.
    outputs : list of Path
        Files of the workspace that are emptied, or links to or copies of damaged objects.
    sources : dict of str to Path
        Undamaged copies in the workspace of damaged objects, by the object's name.
    changed : list of Path
        Files of the workspace that otherwise differ from what is on record; only looked for where all is read.
    databases : list of Path
        Databases in which DVC remembers digests and links, that cannot be read.
    outdated : list of Path
        Those of digests, where outputs have changed: DVC may remember what they were.
    records : list of Path
        dvc.lock and the list of running stages, if they cannot be read.
    known, read : int
        Objects in the cache, and how many of them were read.
    runs_known : int
        Records in the run-cache.
    """

    objects: dict[str, Path] = field(default_factory=dict)
    runs: list[Path] = field(default_factory=list)
    outputs: list[Path] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)
    sources: dict[str, Path] = field(default_factory=dict)
    databases: list[Path] = field(default_factory=list)
    outdated: list[Path] = field(default_factory=list)
    records: list[Path] = field(default_factory=list)
    known: int = 0
    read: int = 0
    runs_known: int = 0

    def __bool__(self) -> bool:
        return bool(
            self.objects or self.runs or self.outputs or self.changed or self.databases or self.records
        )


def find_damage(project: Path, cache: Path, *, sample: int | None) -> Damage:
    """Look for damage; `sample` is the number of objects to read, None for all."""
    damage = Damage()
    lock = _lock(project, damage)
    runs = _runs(cache, damage)
    recorded = [*lock, *(entry for entries in runs.values() for entry in entries)]
    listings = _objects(cache, recorded, sample, damage)
    _outputs(project, lock, listings, damage, all_read=sample is None)
    databases = find_databases(project)
    damage.databases = [path for path in databases if is_broken(path)]
    damage.outdated = [path for path in databases if remembers_digests(path)] if damage.changed else []
    lost = damage.objects.keys() - damage.sources.keys()
    for path, entries in runs.items():
        if any(lost & _names(entry, listings) for entry in entries if entry.made):
            damage.runs.append(path)
    return damage


def _lock(project: Path, damage: Damage) -> list[Entry]:
    rwlock, lock = project / RWLOCK, project / LOCK
    try:
        if not rwlock.read_bytes().strip(b"\0 \n"):
            damage.records.append(rwlock)
    except OSError:
        pass
    try:
        entries = read_lock(lock.read_bytes())
    except OSError:
        return []
    if entries is None:
        damage.records.append(lock)
        entries = read_lock(committed_lock(project) or b"")
    return entries or []


def _runs(cache: Path, damage: Damage) -> dict[Path, list[Entry]]:
    found = {}
    keys = [key for key in sorted((cache / RUNS).glob("??/*")) if key.is_dir()]
    damage.runs += [key for key in keys if not any(key.iterdir())]
    for path in (path for key in keys for path in sorted(key.iterdir()) if _RUN.fullmatch(path.name)):
        damage.runs_known += 1
        try:
            entries = read_run(path.read_bytes())
        except OSError:
            continue
        if entries is None:
            damage.runs.append(path)
        else:
            found[path] = entries
    return found


def _objects(cache: Path, recorded: list[Entry], sample: int | None, damage: Damage) -> Listings:
    """Note damaged objects; return the listings of folders, by name."""
    sizes = {object_name(path): _size(path) for path in objects(cache)}
    damage.known = len(sizes)
    listings = {name: read_listing(_content(_path(cache, name))) for name in sizes if name.endswith(".dir")}
    whole = {name: listing for name, listing in listings.items() if listing is not None}
    suspects = {name for name, size in sizes.items() if not size and name != EMPTY} | listings.keys()
    for entry in recorded:
        listing = whole.get(entry.name)
        if entry.size is None or entry.name not in sizes:
            continue
        if not entry.is_folder and entry.size != sizes[entry.name]:
            suspects.add(entry.name)
        elif listing and sizes.keys() >= set(listing.values()):
            parts = sum(sizes[name] for name in listing.values())
            suspects |= set(listing.values()) if entry.size != parts else set()
    others = [name for name in sizes if name not in suspects]
    step = 1.0 if sample is None else max(len(others) / max(sample, 1), 1)
    chosen = [others[int(at * step)] for at in range(int(len(others) / step) if others else 0)][:sample]
    read = sorted(suspects) + chosen
    for name in _damaged(cache, read):
        damage.objects[name] = _path(cache, name)
    damage.read = len(read)
    return whole


def _damaged(cache: Path, names: list[str]) -> Iterator[str]:
    """The objects whose content does not match their name."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(md5, (_path(cache, name) for name in names))
        for name, digest in zip(names, found, strict=True):
            if digest is not None and digest != name.removesuffix(".dir"):
                yield name


def _names(entry: Entry, listings: Listings) -> set[str]:
    """The object of an entry, and for a folder the objects of its files."""
    return {entry.name, *listings.get(entry.name, {}).values()}


def _outputs(project: Path, lock: list[Entry], listings: Listings, damage: Damage, *, all_read: bool) -> None:
    """Note which files of the workspace share the damage, which could repair it, and which have changed."""
    bad = {name: md5(path) for name, path in damage.objects.items()}
    same_file = {_identity(path) for path in damage.objects.values()}
    for path, name in _made(project, lock, listings):
        identity = _identity(path)
        if identity is None:
            continue
        if identity in same_file or (not _size(path) and name not in (EMPTY, "")):
            damage.outputs.append(path)
        elif name in bad or (all_read and name):
            digest = md5(path)
            if name in bad and digest == name:
                damage.sources[name] = path
            elif name in bad and digest == bad[name]:
                damage.outputs.append(path)
            elif digest != name:
                damage.changed.append(path)


def _made(project: Path, lock: list[Entry], listings: Listings) -> Iterator[tuple[Path, str]]:
    """Files that stages made, and their recorded objects; no object for an unrecorded file."""
    for entry in (entry for entry in lock if entry.made):
        root = project / entry.path
        if not entry.is_folder:
            yield root, entry.name
            continue
        listing = listings.get(entry.name, {})
        for folder, _, names in os.walk(root):
            for path in (Path(folder, name) for name in names):
                yield path, listing.get(path.relative_to(root).as_posix(), "")


def md5(path: Path) -> str | None:
    """The MD5 digest of a file's content, by which DVC names it; None if it may not be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
    except OSError as error:
        return "" if error.errno == errno.EIO else None  # a bad disk is damage


def _identity(path: Path) -> tuple[int, int] | None:
    """The identity of a file after following links; None if there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _path(cache: Path, name: str) -> Path:
    return cache / OBJECTS / name[:2] / name[2:]
