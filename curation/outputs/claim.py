"""The right to write an output. The latest run of a stage has it, as long as its starter lives.

A run that was killed may leave a child that still works: `kill DVC` does. Such an orphan must not write into the
outputs of a later run. So each run claims its outputs before it starts, and looks before it writes: a claim is
lost when a later run has taken it, or when the process that waits for this run (DVC) has ended.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from curation.cures import remake
from curation.errors import InputError
from curation.files import write_bytes, writing

LOOK_EVERY = 0.5
"""Seconds between looks at who holds a lock that is waited for."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Process:
    """A process of one machine, told from later ones with the same number by its start time."""

    host: str
    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(socket.gethostname(), pid, _started(pid))

    def ended(self) -> bool:
        """Whether it has ended for certain; on another machine that is unknown."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return _started(self.pid) != self.started

    def asleep(self) -> bool:
        """Whether it is stopped for certain (SIGSTOP, Ctrl-Z)."""
        return not self.ended() and self.host == socket.gethostname() and _fields(self.pid)[:1] == [b"T"]


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did, and nothing for one that waits to be buried;
    where the system does not say (no /proc), all processes of one number count as one."""
    fields = _fields(pid)
    return "" if not fields or fields[0] in (b"Z", b"X") else fields[19].decode()


def _fields(pid: int) -> list[bytes]:
    """The system's fields of a process, from its state on; empty if it gives none."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


@dataclass(frozen=True)
class Claim:
    """A claim on the outputs of one stage; make one with `take`. May be sent to worker processes.

    Parameters
    ----------
    folder : Path
        Where the claim is kept: outside the outputs, shared by all runs that write them.
    token : bytes
        Of this run, as it stands in `<folder>/owner`.
    waiting : Process, optional
        The process without which nobody waits for this run's outputs.
    """

    folder: Path
    token: bytes
    waiting: Process | None = None

    @classmethod
    def take(cls, folder: Path, waiting: Process | None = None) -> Claim:
        """Take the claim from its present owner.

        Raises
        ------
        InputError
            If the claim cannot be written.
        """
        claim = cls(folder, f"{uuid.uuid4().hex} {os.getpid()}\n".encode(), waiting)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with claim.locked():
                write_bytes(folder / "owner", claim.token)
        return claim

    def check(self) -> None:
        """Raise `InputError` if the claim is lost (reason `"taken over"`, or `"orphan"`)."""
        owner = self.folder / "owner"
        try:
            holder = owner.read_bytes()
        except OSError:
            holder = b""
        if holder != self.token:
            raise InputError(
                f"another run has taken over this output (see {owner})",
                do="Nothing to do: that run goes on with everything finished here",
                reason="taken over",
            )
        if self.waiting is not None and self.waiting.ended():
            raise InputError(
                f"DVC (process {self.waiting.pid}), which started this stage, has ended",
                do=f"Run {remake()} again: it goes on with everything finished here",
                reason="orphan",
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from taking the claim while the block runs.

        Whoever holds it now is waited for; but an orphan that sleeps there is killed: it would sleep for ever, and
        nobody waits for what it writes.
        """
        with (self.folder / "lock").open("a+b", buffering=0) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with _sleeping_orphan_killed(stream):
                    fcntl.flock(stream, fcntl.LOCK_EX)
            with suppress(OSError):  # a full disk: then nobody is told who holds it
                stream.truncate(0)
                stream.write(orjson.dumps([Process.of(os.getpid()), self.waiting]))
            yield


@contextmanager
def _sleeping_orphan_killed(lock: IO[bytes]) -> Iterator[None]:
    """While the block runs, kill a stopped process that holds the lock, once the process that waited for it has
    ended.
    """
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            holder, waiting = _holder(lock)
            if holder and waiting and waiting.ended() and holder.asleep():
                log.warning(
                    "killed process %d: it was stopped with the right to write here, and its starter has ended",
                    holder.pid,
                )
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(holder.pid, signal.SIGKILL)
            done.wait(LOOK_EVERY)

    watcher = threading.Thread(target=look, daemon=True, name="watch lock")
    watcher.start()
    try:
        yield
    finally:
        done.set()


def _holder(lock: IO[bytes]) -> tuple[Process | None, Process | None]:
    """The process that holds or last held a lock, and the process that waits for it."""
    try:
        holder, waiting = orjson.loads(os.pread(lock.fileno(), 4096, 0))
        return Process(**holder), Process(**waiting)
    except (OSError, ValueError, TypeError):
        return None, None
