"""Repair a DVC project: delete damaged files, or replace them by sound copies.

Nothing sound is deleted. What is gone then is made again by `dvc repro`, or brought by `dvc pull`.
"""

from __future__ import annotations

import contextlib
import errno
import pwd
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from curation.errors import InputError
from curation.files import MEND, replacing, write_bytes
from pipelines.checks.damage import Damage, md5
from pipelines.checks.finding import Finding, counted
from pipelines.checks.records import LOCK, committed_lock

READ_ONLY = 0o444
"""Mode of objects in the cache."""

Step = tuple[str, str, Path, Callable[[], object]]


def mend(project: Path, damage: Damage) -> list[Finding]:
    """Repair what this user may repair; say what was done, and who can do the rest."""
    done: Counter[tuple[str, str]] = Counter()
    refused: Counter[str] = Counter()
    for verb, thing, path, act in _steps(project, damage):
        try:
            act()
            done[verb, thing] += 1
        except FileNotFoundError:
            continue
        except (OSError, InputError) as error:
            refused[_who_can(error, path)] += 1
    findings = []
    if done:
        said = ", ".join(f"{verb} {counted(number, thing)}" for (verb, thing), number in done.items())
        findings.append(Finding("mended", "ok", f"{said}. Next: dvc repro, or dvc pull"))
    for who, number in refused.items():
        message = f"{counted(number, 'damaged file')} could not be repaired: {who}"
        findings.append(
            Finding("not mended", "fail", message, f"The owner, or root, runs in a clone: {MEND}")
        )
    return findings


def _steps(project: Path, damage: Damage) -> Iterator[Step]:
    """The kind of damage, the file, and the repair."""
    for path in damage.outputs:
        yield "deleted", "output", path, path.unlink
    for name, path in damage.objects.items():
        if name in damage.sources:
            yield "restored", "object", path, partial(_put_back, name, damage.sources[name], path)
        else:
            yield "deleted", "object", path, path.unlink
    for path in damage.runs:
        yield "deleted", "run-cache record", path, partial(_delete_run, path)
    for path in (*damage.databases, *damage.outdated):
        yield "deleted", "state database", path, partial(_delete_database, path)
    for path in damage.records:
        act = partial(_mend_lock, project) if path == project / LOCK else path.unlink
        yield "mended", "lock file", path, act


def _delete_run(path: Path) -> None:
    """Delete a record, and its folder if that is now empty, because DVC fails on an empty one."""
    if not path.is_dir():
        path.unlink()
        path = path.parent
    with contextlib.suppress(OSError):  # there are other records in it
        path.rmdir()


def _delete_database(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.unlink()


def _put_back(name: str, source: Path, path: Path) -> None:
    """Restore the object from a sound file of the workspace."""
    with replacing(path) as stream, source.open("rb") as content:
        shutil.copyfileobj(content, stream)
    path.chmod(READ_ONLY)
    if md5(path) != name:
        path.unlink()


def _mend_lock(project: Path) -> None:
    """Restore dvc.lock from git; without it, `dvc repro` writes it again from the run-cache."""
    kept = committed_lock(project)
    if kept is None:
        (project / LOCK).unlink()
    else:
        write_bytes(project / LOCK, kept)


def _who_can(error: Exception, path: Path) -> str:
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and cause.errno not in (errno.EPERM, errno.EACCES):
        return cause.strerror or str(cause)
    try:
        number = path.lstat().st_uid
    except OSError:
        return str(error)
    try:
        return f"they belong to {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"they belong to user {number}"
