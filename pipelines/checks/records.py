"""DVC's records in dvc.lock and the run-cache: the files of stages, by digest and size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.checks.finding import ask

LOCK = Path("dvc.lock")

_NAME = re.compile(r"[0-9a-f]{32}(\.dir)?")
_BESIDE_DIGEST = {"path", "hash", "size", "nfiles", "isexec"}
_CONFLICT = "<<<<<<<"


@dataclass(frozen=True)
class Entry:
    """A file or folder on record.

    Parameters
    ----------
    path : str
        Relative to the project's root.
    name : str
        Of the object that holds it: its digest, with `.dir` behind that of a folder.
    size : int or None
        Bytes, of a folder those of all files in it.
    made : bool
        Whether the stage made it, or read it.
    """

    path: str
    name: str
    size: int | None
    made: bool

    @property
    def is_folder(self) -> bool:
        return self.name.endswith(".dir")


def read_lock(content: bytes) -> list[Entry] | None:
    """The entries of a dvc.lock; None if it is damaged, empty after a merge conflict."""
    try:
        text = content.decode()
        if _CONFLICT in text:
            return []
        stages = _mapping(_parsed(text)["stages"])
        return [entry for stage in stages.values() for entry in _entries(stage)]
    except (KeyError, TypeError, ValueError, YAMLError):
        return None


def committed_lock(project: Path) -> bytes | None:
    """The dvc.lock in git, staged or committed; None if git has no readable one."""
    answer = ask(["git", "show", f":./{LOCK}"], folder=project)
    content = answer.output.encode()
    return content if answer.succeeded and read_lock(content) else None


def read_run(content: bytes) -> list[Entry] | None:
    """The entries of a record of the run-cache; None if it is damaged."""
    try:
        return list(_entries(_parsed(content.decode())))
    except (KeyError, TypeError, ValueError, YAMLError):
        return None


def read_listing(content: bytes) -> dict[str, str] | None:
    """The listing of a folder: path below it to the object's name; None if it is damaged."""
    try:
        listing = orjson.loads(content)
        return {str(item["relpath"]): _name(item["md5"]) for item in listing}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _entries(stage: Any) -> Iterator[Entry]:
    _mapping(stage)["cmd"]
    for part in ("deps", "outs"):
        for item in stage.get(part) or []:
            path, size = _mapping(item)["path"], item.get("size")
            if not isinstance(path, str) or not isinstance(size, int | None):
                raise ValueError
            if item.keys() <= _BESIDE_DIGEST:
                raise ValueError
            if "md5" in item:
                yield Entry(path, _name(item["md5"]), size, made=part == "outs")


def _parsed(text: str) -> dict[str, Any]:
    if not text.endswith("\n"):
        raise ValueError("cut short")
    return _mapping(YAML(typ="safe").load(text))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError
    return value
