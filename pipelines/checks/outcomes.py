"""Outcomes of stages in the run-cache and in dvc.lock: their inputs and outputs.

DVC takes an outcome out of the run-cache for whoever has the same parameters and dependencies, the newest first. So
one that is wrong, or that lacks what could not be read for a while, must leave it: making the right one again does
not make that the newest, if it was there before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.checks.cache_objects import OBJECTS, RUNS, cache_folder
from pipelines.checks.records import LOCK, read_listing

_COMMAND = "python -m pipelines "


@dataclass(frozen=True)
class Outcome:
    """One outcome of one stage.

    Parameters
    ----------
    stage : str
        As DVC names it: `crop@a`.
    parameters : mapping
        Sections of params.yaml that DVC has recorded with it.
    outputs : mapping
        Path, relative to the project's root, to the name of the object that holds it.
    cache : Path
        The cache with the objects.
    run : Path or None
        Its file in the run-cache; None if it is on record in dvc.lock.
    """

    stage: str
    parameters: Mapping[str, Any]
    outputs: Mapping[str, str]
    cache: Path
    run: Path | None

    def object(self, output: str, inside: str = "") -> Path | None:
        """The object of an output or, for a folder, of the file `inside`; None if the cache lacks it."""
        name: str | None = self.outputs.get(output)
        if name is not None and inside:
            name = self.listing(output).get(inside)
        path = self.cache / OBJECTS / name[:2] / name[2:] if name else None
        return path if path is not None and path.is_file() else None

    def listing(self, output: str) -> dict[str, str]:
        """The files of an output folder: path inside it to the object's name. Empty if the cache lacks it."""
        path = self.object(output) if self.outputs.get(output, "").endswith(".dir") else None
        try:
            return (path and read_listing(path.read_bytes())) or {}
        except OSError:
            return {}

    def forget(self) -> bool:
        """Remove it from the run-cache; False if that is not allowed here, or it is not there."""
        if self.run is None:
            return False
        with contextlib.suppress(FileNotFoundError):
            try:
                self.run.unlink()
            except OSError:
                return False
        with contextlib.suppress(OSError):  # there are others in the folder; DVC stumbles over an empty one
            self.run.parent.rmdir()
        return True


def find_outcomes(project: Path, stages: Collection[str]) -> Iterator[Outcome]:
    """Outcomes of one item of a matrix (`crop@a`) or of all (`crop`). Damaged records are skipped."""
    cache = cache_folder(project)
    for path in sorted((cache / RUNS).glob("??/*/*")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        stage = _stage(content)
        if stage in stages or stage.partition("@")[0] in stages:
            yield from _outcome(stage, _parsed(content), cache, path)
    try:
        lock = _parsed((project / LOCK).read_bytes()).get("stages")
    except OSError:
        return
    for stage, entry in (lock if isinstance(lock, dict) else {}).items():
        if stage in stages or str(stage).partition("@")[0] in stages:
            yield from _outcome(stage, entry, cache, None)


def forget_waiting(project: Path, stage: str, report: str) -> int:
    """Remove outcomes from the run-cache if their report says that boxes wait.

    Returns
    -------
    int
        How many could not be removed: they are a colleague's.
    """
    kept = [outcome for outcome in find_outcomes(project, [stage]) if outcome.run]
    waiting = [one for one in kept if (path := one.object(report)) and waiting_boxes(path)]
    return sum(not outcome.forget() for outcome in waiting)


def waiting_boxes(report: Path) -> int:
    """Number of boxes that wait for unreadable frames, by a report of the crop stage; 0 if it does not say."""
    try:
        content = orjson.loads(report.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return 0
    waiting = content.get("waiting", 0) if isinstance(content, dict) else 0
    return waiting if isinstance(waiting, int) else 0


def _stage(content: bytes) -> str:
    line = content.partition(b"\n")[0].decode(errors="replace").partition("cmd: ")[2]
    return "@".join(line.removeprefix(_COMMAND).split()) if line.startswith(_COMMAND) else ""


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        found = YAML(typ="safe").load(content.decode())
    except (YAMLError, UnicodeDecodeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _outcome(stage: str, entry: Any, cache: Path, run: Path | None) -> Iterator[Outcome]:
    try:
        parameters = {name: value for file in entry["params"].values() for name, value in file.items()}
        outputs = {out["path"]: str(out["md5"]) for out in entry["outs"]}
        yield Outcome(stage, parameters, outputs, cache, run)
    except (KeyError, TypeError, AttributeError):
        return
