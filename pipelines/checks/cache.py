"""Check that the DVC cache is usable, complete, and able to link."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import orjson

from curation.errors import some
from curation.files import MEND
from pipelines.checks.cache_objects import cache_folder
from pipelines.checks.damage import Damage, find_damage
from pipelines.checks.finding import Finding, ask, counted, gigabytes
from pipelines.checks.mending import mend as mended


def check_cache(
    project: Path, *, sample: int = 100, strict: bool = False, mend: bool = False
) -> list[Finding]:
    """Check the project's DVC cache: its place, missing objects, damaged objects.

    Parameters
    ----------
    project : Path
        The project's root folder.
    sample : int
        Objects of the cache to read and compare with their digest, spread evenly.
    strict : bool
        Read all of them.
    mend : bool
        Delete what is damaged, or put a sound copy in its place.
    """
    if not (project / ".dvc").is_dir():
        return [
            Finding(
                "DVC project", "fail", f"{project} has no folder .dvc", "Run from the project's root folder"
            )
        ]
    runs = _runs(project)
    where = ask([sys.executable, "-m", "dvc", "cache", "dir"], folder=project)
    cache = Path(where.output.strip()) if where.succeeded else cache_folder(project)
    damage = find_damage(project, cache, sample=None if strict else sample)
    if not where.succeeded and not damage.databases:
        message = f"DVC cannot say where its cache is: {where.last}"
        return [Finding("DVC project", "fail", message, "Correct .dvc/config")]
    if not (mend and damage):
        findings = _damaged(damage)
    elif runs.status == "warn" and "under way" in runs.message:
        return [runs, *_damaged(damage)]
    else:
        findings = mended(project, damage)
    return [*_place(project, cache), *findings, _missing(project), runs, _remotes(project)]


def _place(project: Path, cache: Path) -> list[Finding]:
    if not cache.exists():
        return [Finding("cache", "ok", f"{cache} is empty; the first dvc repro or dvc pull makes it")]
    if not os.access(cache, os.W_OK):
        cure = "For a cache shared by a group: dvc cache dir --help, and: dvc config cache.shared group"
        return [Finding("cache", "fail", f"{cache} cannot be written to", cure)]
    free = gigabytes(shutil.disk_usage(cache).free)
    if cache.stat().st_dev != project.stat().st_dev:
        message = f"{cache} ({free} free) is on another file system than the project: hard links cannot work"
        return [
            Finding(
                "cache",
                "warn",
                message,
                "Allow symbolic links, or copies: dvc config cache.type reflink,symlink,copy",
            )
        ]
    return [Finding("cache", "ok", f"{cache}, {free} free, on the project's own file system")]


def _damaged(damage: Damage) -> list[Finding]:
    """One line for each kind of damage; without damage, one line on what was checked."""
    kinds = {
        "cache content": (list(damage.objects.values()), f"of {damage.read:,} objects read are damaged"),
        "run-cache": (
            damage.runs,
            f"of {damage.runs_known:,} records cannot be read, or are of damaged objects",
        ),
        "workspace": (damage.outputs, "outputs are empty, or the same files as damaged objects"),
        "DVC's memory": (damage.databases, "databases cannot be read"),
        "DVC's records": (damage.records, "files cannot be read"),
    }
    findings = []
    for check, (paths, fault) in kinds.items():
        if paths:
            findings.append(Finding(check, "fail", f"{len(paths):,} {fault}: {some(paths)}", f"Run: {MEND}"))
    if damage.changed:
        fault = "outputs differ from what is on record, perhaps unnoticed by DVC"
        message = f"{len(damage.changed):,} {fault}: {some(damage.changed)}"
        cure = f"To have DVC read them again: {MEND} --strict; then dvc repro"
        findings.append(Finding("workspace", "warn", message, cure))
    if not damage.objects:
        message = (
            f"{damage.read:,} of {damage.known:,} objects, taken evenly, and the sizes of all, are sound"
        )
        findings.insert(0, Finding("cache content", "ok", message))
    return findings


def _missing(project: Path) -> Finding:
    """Recorded outputs without content here."""
    answer = ask([sys.executable, "-m", "dvc", "data", "status", "--json"], folder=project)
    status = _json(answer.output)
    if not answer.succeeded or not isinstance(status, dict):
        return Finding(
            "outputs", "warn", f"DVC cannot say what it holds: {answer.last}", "Run: dvc data status"
        )
    missing = status.get("not_in_cache", [])
    if missing:
        return Finding(
            "outputs",
            "warn",
            f"not in the cache: {counted(len(missing), 'output')} on record: {some(missing)}",
            "dvc pull brings them, if a colleague has pushed them; dvc repro makes them",
        )
    return Finding("outputs", "ok", "every output on record is in the cache")


def _runs(project: Path) -> Finding:
    """Whether another DVC run is under way, or was killed and left its locks."""
    locks = _json(_content(project / ".dvc" / "tmp" / "rwlock"))
    holders = [
        holder
        for lock in (locks.values() if isinstance(locks, dict) else [])
        if isinstance(lock, dict)
        for held in lock.values()
        for holder in (held if isinstance(held, list) else [held])
        if isinstance(holder, dict)
    ]
    pids = sorted({holder["pid"] for holder in holders if isinstance(holder.get("pid"), int)})
    alive = [pid for pid in pids if _runs_now(pid)]
    if alive:
        cure = "Wait for it; or end it with: kill " + " ".join(str(pid) for pid in alive)
        return Finding(
            "DVC runs", "warn", f"a DVC run is under way (process {', '.join(map(str, alive))})", cure
        )
    if pids:
        return Finding(
            "DVC runs", "warn", "a DVC run was killed and left its locks", "The next dvc repro clears them"
        )
    return Finding("DVC runs", "ok", "no other DVC run is under way")


def _runs_now(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return pid > 0


def _remotes(project: Path) -> Finding:
    answer = ask([sys.executable, "-m", "dvc", "remote", "list"], folder=project)
    names = [line.split()[0] for line in answer.output.splitlines() if line.strip()]
    if names:
        return Finding("remotes", "ok", f"results can be shared through {', '.join(names)}")
    return Finding("remotes", "ok", "none is set; one is needed only to share results (dvc remote add)")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
