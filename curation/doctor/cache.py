"""Is the DVC cache usable, whole, and able to link?"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from curation.doctor.finding import Finding, ask, counted, gigabytes

SHOWN = 3
"""Examples in one message."""

_OBJECTS = Path("files/md5")
_CHUNK = 1 << 20


def check_cache(project: Path, *, sample: int = 100) -> list[Finding]:
    """Check the project's DVC cache: where it is, what is missing from it, and a sample of its content.

    Parameters
    ----------
    project : Path
        The project's root folder.
    sample : int
        Objects of the cache to read and compare with their digest, spread evenly.
    """
    if not (project / ".dvc").is_dir():
        return [
            Finding(
                "DVC project", "fail", f"{project} has no folder .dvc", "Run from the project's root folder"
            )
        ]
    answer = ask([sys.executable, "-m", "dvc", "cache", "dir"], folder=project)
    if not answer.succeeded:
        return [
            Finding(
                "DVC project", "fail", f"DVC cannot say where its cache is: {answer.last}", "Mend .dvc/config"
            )
        ]
    cache = Path(answer.output.strip())
    return [
        *_place(project, cache),
        *_sample(cache, sample),
        _missing(project),
        _runs(project),
        _remotes(project),
    ]


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


def _sample(cache: Path, sample: int) -> list[Finding]:
    objects = list(_objects(cache))
    step = max(len(objects) / sample, 1)
    chosen = [objects[int(at * step)] for at in range(min(sample, len(objects)))]
    damaged = [path for path in chosen if _digest(path) != path.parent.name + path.stem]
    if damaged:
        names = ", ".join(str(path) for path in damaged[:SHOWN])
        message = f"{len(damaged)} of {len(chosen)} objects read are damaged: {names}"
        cure = "Delete them; dvc pull or dvc repro brings them back. Was an output edited in place?"
        return [Finding("cache content", "fail", message, cure)]
    return [
        Finding("cache content", "ok", f"{len(chosen)} of {len(objects):,} objects, taken evenly, are sound")
    ]


def _objects(cache: Path) -> Iterator[Path]:
    """Files and folder listings in the cache, sorted."""
    for folder in sorted((cache / _OBJECTS).glob("??")):
        yield from sorted(path for path in folder.iterdir() if path.is_file())


def _digest(path: Path) -> str:
    state = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _missing(project: Path) -> Finding:
    """Outputs on record whose content is nowhere here."""
    answer = ask([sys.executable, "-m", "dvc", "data", "status", "--json"], folder=project)
    status = _json(answer.output)
    if not answer.succeeded or not isinstance(status, dict):
        return Finding(
            "outputs", "warn", f"DVC cannot say what it holds: {answer.last}", "Run: dvc data status"
        )
    missing = status.get("not_in_cache", [])
    if missing:
        names = ", ".join(missing[:SHOWN])
        return Finding(
            "outputs",
            "warn",
            f"not in the cache: {counted(len(missing), 'output')} on record, such as {names}",
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
