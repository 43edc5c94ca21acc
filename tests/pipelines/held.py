"""A stage held at the moment at which its work is done and its outputs are not yet in place.

It waits for the lock of its claim, which the test has. `/proc/locks` says when; no test waits for a while and hopes.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tests.pipelines.clone import Clone

_STAND_IN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
"""Starts the stage and waits for it, as DVC does."""


def claim_folder(clone: Clone, address: str) -> Path:
    stage, _, item = address.partition("@")
    store = clone.folder / "data/.store"
    return store / "crops" / item if stage == "crop" else store / "claims" / stage / item


class HeldStage:
    """A stage under a stand-in for DVC, or under `command`, held before it puts its outputs in place.

    `kill` and `release` end that; as a context manager it leaves nothing running.
    """

    def __init__(self, clone: Clone, address: str, command: tuple[str, ...] = ()) -> None:
        self.clone, self.address = clone, address
        folder = claim_folder(clone, address)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock: IO[bytes] = (folder / "lock").open("ab")
        self._inode = os.fstat(self._lock.fileno()).st_ino
        owner = folder / "owner"
        before = owner.read_bytes() if owner.exists() else b""
        self._take()
        environment = dict(clone.environment)
        if not command:
            clone.environment["DVC_STAGE"] = address
            words = address.split("@")
            command = (sys.executable, "-c", _STAND_IN, sys.executable, "-m", "pipelines", *words)
        self.parent = clone.start(*command)
        clone.environment = environment
        try:
            self._wait(self._waiting)  # to claim
            while not owner.exists() or owner.read_bytes() == before:
                fcntl.flock(self._lock, fcntl.LOCK_UN)
                time.sleep(0.01)
                self._take()
            self._wait(self._waiting)  # to put its outputs in place
        except BaseException:
            self.end()
            raise
        self.stage = int(owner.read_bytes().split()[1])

    def _take(self) -> None:
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _waiting(self) -> list[str]:
        """Processes that wait for the lock."""
        lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
        return [words[5] for words in lines if words[1] == "->" and words[6].endswith(f":{self._inode}")]

    def _wait(self, condition: Callable[[], object]) -> None:
        while not condition():
            assert self.parent.poll() is None, self.parent.communicate()
            time.sleep(0.005)

    def stop(self) -> None:
        """Return when it sleeps: until then it could still take the lock, and sleep with it."""
        os.kill(self.stage, signal.SIGSTOP)
        self._wait(lambda: _states(self.stage) == {"T"} and not self._waiting())

    def go_on(self) -> None:
        os.kill(self.stage, signal.SIGCONT)

    def kill_parent(self, number: signal.Signals) -> None:
        self.parent.send_signal(number)
        self.parent.wait()

    def release(self) -> None:
        """Let whoever waits for the lock have it."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def output(self) -> str:
        """All that the stage has printed, when it has ended."""
        text, _ = self.parent.communicate()
        return text

    def end(self) -> None:
        for number in (signal.SIGKILL, signal.SIGCONT):
            try:
                os.killpg(self.parent.pid, number)
            except ProcessLookupError:
                break
        self.parent.wait()
        if self.parent.stdout is not None:
            self.parent.stdout.close()
        self._lock.close()

    def __enter__(self) -> HeldStage:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()


def _states(pid: int) -> set[str]:
    """Of all threads of a process."""
    stats = Path(f"/proc/{pid}/task").glob("*/stat")
    return {stat.read_text().rpartition(")")[2].split()[0] for stat in stats}


def tree(*places: Path) -> dict[str, tuple[int, bytes]]:
    """Inode and content of every file below some places: whether anything was written there."""
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    return {str(file): (file.stat().st_ino, file.read_bytes()) for file in files if file.is_file()}


def run(clone: Clone, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a stage or tool in a clone, whatever its exit status."""
    return clone.pipelines(*words, check=False)
