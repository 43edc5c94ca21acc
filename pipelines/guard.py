"""Guard every stage: check what it reads, and put its outputs in place together, once.

DVC looks at parameters and dependencies after a command has run, and records them beside its outputs. Whatever
changed in between would be recorded beside outputs that were made from something else, and the run-cache would hand
that to everybody. So the guard looks at the start and again at the end, and publishes nothing if they differ.

It also sees to it that only the latest run writes, and only while somebody waits for it: see `curation.outputs.claim`.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

from curation.errors import Ended, InputError, some
from curation.outputs.claim import Claim, Process
from curation.outputs.publication import Publication
from pipelines import parameters, paths
from pipelines.checks.cache_objects import refuse_empty
from pipelines.declaration import Declaration, changes, declared, value_at
from pipelines.snapshot import Look, differences, look
from pipelines.vouching import refuse_contradictions, vouch

WATCH_EVERY = 1.0
"""Seconds between looks at whether the claim still stands."""

_SHELLS = ("sh", "bash", "dash", "zsh", "fish", "ksh")

log = logging.getLogger(__name__)


class Run:
    """One run of a stage: its parameters at the start, and the places of its outputs."""

    def __init__(
        self,
        declaration: Declaration,
        values: Mapping[str, Any],
        seen: Mapping[Path, Look],
        claim: Claim | None,
    ) -> None:
        self.declaration = declaration
        self.parameters = values
        self.claim = claim
        self._seen = seen
        self._publication = Publication(claim) if claim else None

    def load(self, section: str) -> Any:
        """A section of params.yaml as its dataclass; errors as `parameters.build` and `parameters.check_recipes`."""
        config = parameters.build(section, self.parameters.get(section) or {}, str(parameters.FILE))
        parameters.check_recipes({section: config})
        return config

    def output(self, path: Path, *, even_if_failed: bool = False) -> Path:
        """Where to write the output `path`, a file or a folder: see `Publication.output`."""
        return self._publication.output(path, even_if_failed=even_if_failed) if self._publication else path

    def remove(self, path: Path) -> None:
        """Remove a stale output when the others are put in place."""
        if self._publication:
            self._publication.remove(path)

    @property
    def check(self) -> Callable[[], None]:
        """Raises `InputError` unless this is the latest run and somebody waits for it: to be called before
        anything is written that is no `output`. May be sent to worker processes."""
        return self.claim.check if self.claim else _nothing

    def publish(self) -> None:
        """Put the outputs in place, if everything read is still the same as at the start."""
        if self._publication:
            self._publication.publish(self._verify)
        if self.claim and self.claim.waiting:
            vouch(self.declaration, self.parameters, self._seen)

    def abandon(self, *, keep_reports: bool) -> None:
        """Keep the old outputs, but publish reports of what went wrong."""
        if self._publication:
            self._publication.abandon(keep=keep_reports)

    def _verify(self) -> None:
        stage = self.declaration.address
        now = parameters.read()
        changed = [
            change
            for key in self.declaration.params
            for change in changes(key, value_at(self.parameters, key), value_at(now, key))
        ]
        if changed:
            raise InputError(
                f"{parameters.FILE} changed while {stage} ran: {some(changed)}; "
                "its outputs would be recorded under values they were not made with",
                do="Run dvc repro again: it goes on with everything finished here",
                reason="changed while running",
            )
        files = [name for path, before in self._seen.items() for name in differences(before, look(path))]
        if files:
            raise InputError(
                f"{some(files)} changed while {stage} ran; its outputs would be recorded as made from it",
                do="Run dvc repro again, while nothing else writes there: it goes on with everything finished "
                "here",
                reason="changed while running",
            )


@contextmanager
def guarded(stage: str, options: argparse.Namespace) -> Iterator[Run]:
    """Guard a stage while the block runs; at its end, publish.

    Raises
    ------
    InputError
        If DVC's cache holds emptied objects, which DVC would take for outputs; DVC has recorded something
        wrong about what the stage builds on (`pipelines.vouching`); an input changed in between; a later run has
        taken over; nobody waits for this one any more; or the outputs cannot be written. Nothing is published
        then but reports of what went wrong.
    Ended
        On SIGTERM.
    """
    # Of the processes of one training job, only the first writes.
    first = os.environ.get("RANK", "0") == "0"
    if first and "DVC_STAGE" in os.environ:
        refuse_empty(Path(), paths.STATE / "cache")
    values = parameters.read()
    declaration = declared(stage, options, values)
    if first and "DVC_STAGE" in os.environ:
        refuse_contradictions(declaration)
    seen = {path: look(path) for path in declaration.deps} if first else {}
    claim = Claim.take(_place(declaration.address), _waiting()) if first else None
    run = Run(declaration, values, seen, claim)
    with _ended_by_signal() as watch:
        done = False
        try:
            with watch(run):
                yield run
            done = True
            run.publish()
        except BaseException:
            run.abandon(keep_reports=not done)
            raise


def _nothing() -> None:
    """The check of a process that writes no outputs."""


def _place(address: str) -> Path:
    stage, _, item = address.partition("@")
    item = quote(item, safe="")  # it may be a path
    # Crops have had theirs there since before there was a guard, and an orphan of that time still looks there.
    return paths.STORE / "crops" / item if stage == "crop" else paths.STORE / "claims" / stage / item


def _waiting() -> Process | None:
    """The DVC process that runs this stage; None where it runs without DVC."""
    if "DVC_STAGE" not in os.environ:
        return None
    pid = os.getppid()
    while _name(pid) in _SHELLS:
        pid = _parent(pid)
    if pid <= 1 and b"dvc" not in _content(pid, "cmdline"):
        raise InputError(
            "DVC, which started this stage, has ended",
            do="Run dvc repro again: it goes on with everything finished here",
            reason="orphan",
        )
    return Process.of(pid)


def _name(pid: int) -> str:
    return _content(pid, "comm").decode(errors="replace").strip()


def _parent(pid: int) -> int:
    fields = _content(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 1


def _content(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


@contextmanager
def _ended_by_signal() -> Iterator[Any]:
    """Turn SIGTERM into an exception in the block, so that it cleans up; but not while outputs are put in place.

    Yields a context manager that also watches a run's claim from a thread.
    """
    here, armed, told = os.getpid(), threading.Event(), threading.Event()
    lost: list[InputError] = []

    def end(_number: int, _frame: FrameType | None) -> None:
        if os.getpid() != here:  # a forked child that has not set its own
            os._exit(128 + signal.SIGTERM)
        if armed.is_set():
            armed.clear()
            told.set()
            raise Ended("told to end (SIGTERM)")

    @contextmanager
    def watch(run: Run) -> Iterator[None]:
        done = threading.Event()

        def look_now_and_then() -> None:
            while not done.wait(WATCH_EVERY):
                try:
                    run.check()
                except InputError as error:
                    lost.append(error)
                    os.kill(here, signal.SIGTERM)
                    return

        watcher = threading.Thread(target=look_now_and_then, daemon=True, name="watch claim")
        armed.set()
        watcher.start()
        try:
            yield
        finally:
            armed.clear()
            done.set()
            watcher.join()
            if told.is_set():  # whatever has become of the exception: a library may have caught it
                raise lost[0] if lost else Ended("told to end (SIGTERM)") from None

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, end) if main else None
    try:
        yield watch
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)
