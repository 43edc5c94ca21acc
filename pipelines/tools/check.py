"""Check that dvc.lock is up to date, without any data: for continuous integration.

Exit status 1 if parameters, code, commands or small reports differ from what is recorded, params.yaml is not for this
code, or a stage has read something else than the stages before it made. The last is what
`dvc repro --dry --allow-missing` passes over wherever a stage reads a file of a missing folder, or a folder of missing
outputs (dvc#11099).
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from curation.errors import InputError
from pipelines import parameters

log = logging.getLogger(__name__)

Files = Mapping[PurePosixPath, str]
"""Files of an output by their path in it, and their digests; an output that is a file is at an empty path."""

Lists = Callable[[str], Files | None]
"""The files of a folder of that digest; None where DVC's list of them is not here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-r", "--remote", help="DVC remote whose lists of files are read, for folders that the cache lacks"
    )


def run(options: argparse.Namespace) -> None:
    from dvc.repo import Repo

    parameters.check(parameters.read())  # as the manifest stage, which every `dvc repro` runs
    try:
        with Repo() as repo, repo.lock:
            stages = [Recorded.of(stage) for stage in repo.index.stages]
            found, unsure = faults(stages, _lists(repo, options.remote))
    except Exception as error:  # of DVC, or whatever the remote's library raises
        raise InputError(
            f"DVC cannot read this project: {error}", do="Fix what it names, then run again"
        ) from error
    for fault in found:
        log.warning("%s", fault)
    if found:
        raise InputError(
            "dvc.lock is out of date",
            do="Where the data is, run: dvc repro, then commit dvc.lock and the reports",
            reason="out of date",
        )
    note = f"; compared by number and size of files alone: {', '.join(unsure)}" if unsure else ""
    log.info("dvc.lock is up to date: %d stages%s", len(stages), note)


@dataclass(frozen=True)
class Item:
    """A file or folder that a stage has read or made, as dvc.lock has it.

    Parameters
    ----------
    path : PurePosixPath
        Relative to the project's root.
    digest : str
        Ends in `.dir` for a folder; empty where nothing is recorded.
    size, count : int
        Bytes and files in it.
    """

    path: PurePosixPath
    digest: str
    size: int = 0
    count: int = 1

    @classmethod
    def of(cls, entry: Any) -> Item:
        """The item of a dependency or an output of DVC."""
        size, count = entry.meta.size, entry.meta.nfiles
        return cls(PurePosixPath(entry.def_path), entry.hash_info.value or "", size or 0, count or 1)


@dataclass(frozen=True)
class Recorded:
    """A stage: its recorded inputs and outputs, and what differs from them here."""

    name: str
    read: list[Item]
    made: list[Item]
    changes: list[str]

    @classmethod
    def of(cls, stage: Any) -> Recorded:
        """The record of a stage of DVC."""
        read = [Item.of(dep) for dep in stage.deps if dep.hash_name != "params"]
        return cls(stage.addressing, read, [Item.of(out) for out in stage.outs], list(_changes(stage)))


def faults(stages: Sequence[Recorded], lists: Lists) -> tuple[list[str], list[str]]:
    """The outdated stages, one line each; and folders compared by number and size of files only."""
    found = [line for stage in stages for line in _outdated(stage)]
    made = {item.path: item for stage in stages for item in stage.made if item.digest}
    unsure: set[str] = set()
    inside: dict[PurePosixPath, list[tuple[str, Item]]] = {}
    for stage in stages:
        for item in stage.read:
            around = next((path for path in item.path.parents if path in made), None)
            if not item.digest:
                continue
            if around is not None:
                inside.setdefault(around, []).append((stage.name, item))
                continue
            parts = [part for path, part in made.items() if item.path in (path, *path.parents)]
            files = _joined(item.path, parts, lists)
            if [part.path for part in parts] == [item.path]:
                same = item.digest == parts[0].digest
            elif files is None:
                same = (item.size, item.count) == (sum(p.size for p in parts), sum(p.count for p in parts))
                unsure.add(str(item.path))
            else:
                same = not parts or item.digest == _digest(files)
            if not same:
                found.append(_unlike(stage.name, item))
    for path, readers in inside.items():
        found += _faults_inside(made[path], readers, lists)
    return found, sorted(unsure)


def _outdated(stage: Recorded) -> Iterator[str]:
    if not all(item.digest for item in stage.made):
        yield f"{stage.name}: nothing is recorded of it"
    elif stage.changes:
        yield f"{stage.name}: changed since it was recorded: {', '.join(stage.changes)}"


def _unlike(stage: str, item: Item) -> str:
    return f"{stage}: read a version of {item.path} that differs from the recorded output"


def _joined(folder: PurePosixPath, parts: Sequence[Item], lists: Lists) -> Files | None:
    """The files of a folder that holds outputs; None if a list is missing here."""
    joined: dict[PurePosixPath, str] = {}
    for part in parts:
        files = lists(part.digest) if part.digest.endswith(".dir") else {PurePosixPath(): part.digest}
        if files is None:
            return None
        joined |= {part.path.relative_to(folder) / name: digest for name, digest in files.items()}
    return joined


def _faults_inside(folder: Item, readers: Sequence[tuple[str, Item]], lists: Lists) -> Iterator[str]:
    """Faults of stages that read single files of a folder made by one stage.

    Without DVC's list of the folder it is put together from what was read, so all files must have been.
    """
    listed = lists(folder.digest)
    files: dict[PurePosixPath, str] = dict(listed or {})
    for name, item in readers:
        inner = item.path.relative_to(folder.path)
        known = files.get(inner) if listed is not None else files.setdefault(inner, item.digest)
        if known != item.digest:
            yield _unlike(name, item)
    if listed is None and _digest(files) != folder.digest:
        names = ", ".join(dict.fromkeys(name for name, _ in readers))
        yield f"{folder.path}: not all its files, as recorded, are what was read by {names}"


def _digest(files: Files) -> str:
    """DVC's digest of a folder."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()
    for path, value in files.items():
        tree.add(path.parts, None, HashInfo("md5", value))
    tree.digest()
    return str(tree.oid)


def _changes(stage: Any) -> Iterator[str]:
    """DVC's changes of a stage, without missing files and the rule that it always runs."""
    for entry in stage.status().get(stage.addressing, []):
        if entry == "changed command":
            yield "its command"
        elif isinstance(entry, dict):
            for changes in entry.values():
                for path, change in changes.items():
                    if isinstance(change, dict):
                        yield from (f"{key} in {path}" for key in change)
                    elif change not in ("deleted", "not in cache"):
                        yield path


def _lists(repo: Any, remote: str | None) -> Lists:
    """Lists of files from the cache, otherwise from the remote of that name."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree
    from dvc_objects.errors import ObjectFormatError

    stores = [repo.cache.local]
    if remote:
        stores.append(repo.cloud.get_remote_odb(remote, "check"))

    def read(digest: str) -> Files | None:
        for store in stores:
            try:
                tree = Tree.load(store, HashInfo("md5", digest))
            except (FileNotFoundError, ObjectFormatError):
                continue
            return {PurePosixPath(*parts): hash_info.value for parts, _, hash_info in tree}
        return None

    return read
