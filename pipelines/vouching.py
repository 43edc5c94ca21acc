"""Compare what each run of a stage was made of with DVC's record of it.

The guard looks for the last time just before outputs appear. DVC looks when the command has ended, and records what it
sees then: nobody can look in between. So a run under DVC leaves a note, and the next stage that starts here compares it
with dvc.lock. Where they contradict each other, the record leaves the run-cache, and nothing that builds on it starts.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson

from curation.errors import InputError, some
from curation.files import digest
from curation.outputs.sealed import read_sealed, write_sealed
from pipelines import paths
from pipelines.checks.outcomes import find_outcomes
from pipelines.commands import STAGES
from pipelines.declaration import Declaration, changes, value_at
from pipelines.snapshot import Look, as_recorded, look
from pipelines.yaml_values import read_yaml

NOTES = paths.STATE / "made of"

CLOCKS = 1.0
"""Seconds by which the clock of a shared cache may be behind."""

Note = Mapping[str, Any]


def vouch(declaration: Declaration, values: Mapping[str, Any], seen: Mapping[Path, Look]) -> None:
    """Note a stage's inputs and outputs before DVC records them. Errors as `replacing`."""
    note = {
        "params": {key: value_at(values, key) for key in declaration.params},
        "deps": {str(path): as_recorded(path, what) for path, what in seen.items() if what},
        "outs": {str(path): as_recorded(path, look(path)) for path in declaration.outs},
        "before": digest(_entry(declaration.address).encode()),
        "proven": False,
    }
    write_sealed(_file(declaration.address), declaration.address, orjson.dumps(note))


def refuse_contradictions(declaration: Declaration) -> None:
    """Raise `InputError` if a stage depends on an output that is recorded with wrong inputs.

    The manifest stage, which every `dvc repro` runs, minds all others. What makes a record right again is not
    refused: the stage itself, and those that do not build on it.
    """
    found = {}
    for address, note in _notes():
        if address == declaration.address:
            continue
        text = _entry(address)
        problems = _contradictions(note, text)
        unrecorded = digest(text.encode()) == note["before"]
        if problems and not unrecorded:
            if not note["proven"] and not _prove(address, note, problems):
                _file(address).unlink(missing_ok=True)
            elif declaration.address == "manifest" or _builds_on(declaration, note):
                found[address] = problems
        elif problems == [] or not unrecorded:  # it is right, or another run is on record
            _file(address).unlink(missing_ok=True)
    if found:
        stages = sorted(found, key=lambda address: STAGES.index(address.partition("@")[0]))
        raise InputError(
            f"dvc.lock is wrong about {', '.join(stages)}: {some(found[stages[0]])}, because that changed after "
            "the stage ended and before DVC recorded it",
            do=f"Run: dvc repro -f -s {' '.join(stages)} && dvc repro",
            reason="contradiction",
        )


def _prove(address: str, note: Note, problems: list[str]) -> bool:
    """Whether DVC has written the contradiction to the run-cache since the note; it is removed there.

    Without that, somebody has taken another dvc.lock from git, under whose parameters the same was made.
    """
    written = _file(address).stat().st_mtime - CLOCKS
    wrong = [
        outcome
        for outcome in find_outcomes(Path(), [address])
        if outcome.run is not None
        and outcome.run.stat().st_mtime >= written
        and _contradictions(note, f"stage:\n{textwrap.indent(outcome.run.read_text(), ' ')}") == problems
    ]
    if wrong:
        write_sealed(_file(address), address, orjson.dumps({**note, "proven": True}))
    for outcome in wrong:
        outcome.forget()
    return bool(wrong)


def _contradictions(note: Note, text: str) -> list[str] | None:
    """The difference of an entry of dvc.lock from the note; None if the entry is of another run."""
    try:
        [entry] = read_yaml(text, str(paths.LOCK)).values()
        outs, deps = ({item["path"]: item for item in entry.get(kind, [])} for kind in ("outs", "deps"))
        params = entry.get("params", {}).get("params.yaml", {})
        if any(_differ(known, outs[path]) for path, known in note["outs"].items()):
            return None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return [
        *(line for key, value in note["params"].items() for line in changes(key, value, params.get(key))),
        *(path for path, known in note["deps"].items() if _differ(known, deps.get(path, {}))),
    ]


def _differ(known: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    return any(recorded.get(name, value) != value for name, value in known.items())


def _builds_on(declaration: Declaration, note: Note) -> bool:
    outs = [Path(path) for path in note["outs"]]
    return any(
        out == dep or out in dep.parents or dep in out.parents for out in outs for dep in declaration.deps
    )


def _notes() -> Iterator[tuple[str, Note]]:
    for path in sorted(NOTES.glob("[!.]*")):
        address = unquote(path.name)
        content = read_sealed(path, address)
        if content is not None:
            yield address, orjson.loads(content)


def _file(address: str) -> Path:
    return NOTES / quote(address, safe="@")


def _entry(address: str) -> str:
    """The lines of a stage in dvc.lock as DVC writes them, because parsing the file takes a second."""
    try:
        text = paths.LOCK.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^  {re.escape(address)}:\n(?:    .*\n)+", text, re.MULTILINE)
    return found[0] if found else ""
