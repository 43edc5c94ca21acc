"""Two runs in one clone, a killed DVC, and its orphan: one waits its turn, and nothing is lost or mixed up."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pipelines.clone import Clone
from tests.pipelines.team import copy_of
from tests.waiting import HUNG, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("locks")]


SLEEPER = """
import os, signal, sys
from pathlib import Path
from curation.outputs.claim import Claim, Process
gone = Process.of(int(sys.argv[1]))
with Claim(Path(sys.argv[2]), b"", gone).locked():
    os.kill(os.getpid(), signal.SIGSTOP)
"""
"""Goes to sleep with a lock; who waited for it has ended."""


def crop_process(clone: Clone) -> int | None:
    """The running crop stage of this clone."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if words[1:4] == [b"-m", b"pipelines", b"crop"] and (entry / "cwd").samefile(clone.folder):
                    return int(entry.name)
            except OSError:
                continue
    return None


def asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.fixture
def stopped(curated: Clone, tmp_path: Path) -> Iterator[tuple[Clone, subprocess.Popen[str], int]]:
    """A clone, `dvc repro` under way in it, and its crop stage, stopped in the midst of its work."""
    clone = copy_of(curated, tmp_path / "clone")
    clone.pipelines("profile", "--set", "crop.search_size=2047")  # big crops, so that it takes a while
    claim = clone.folder / "data/.store/crops/a/owner"
    before = claim.read_bytes()
    running = clone.start("dvc", "repro", "-s", "crop@a")
    wait_until(lambda: claim.read_bytes() != before)
    stage = crop_process(clone)
    assert stage is not None, running.communicate()
    with (claim.parent / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # not while it writes that it has come
        os.kill(stage, signal.SIGSTOP)
        wait_until(lambda: asleep(stage))
    yield clone, running, stage
    with suppress(ProcessLookupError):
        os.kill(stage, signal.SIGKILL)
    running.kill()
    running.communicate()


def test_an_orphan_that_sleeps_with_the_lock_is_killed(
    stopped: tuple[Clone, subprocess.Popen[str], int], tmp_path: Path
) -> None:
    """It would hold up every later run for ever, and says nothing."""
    clone, running, _ = stopped
    running.kill()
    running.wait()
    sleeper = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(running.pid), "data/.store/crops/a"], cwd=clone.folder
    )
    wait_until(lambda: asleep(sleeper.pid))
    otherwise = threading.Timer(HUNG, sleeper.kill)  # so that this ends, and fails, where nobody kills it
    otherwise.start()
    done = clone.repro("-s", "crop@a")
    otherwise.cancel()
    assert done.ran == {"crop@a"}
    assert f"killed process {sleeper.pid}: it was stopped with the right to write here" in done.output
    assert sleeper.wait() == -signal.SIGKILL


def test_a_second_run_is_told_who_is_busy(stopped: tuple[Clone, subprocess.Popen[str], int]) -> None:
    clone, running, stage = stopped
    second = clone.repro("-s", "crop@a", check=False)
    assert second.status, second.output
    assert "busy" in second.output
    assert f"PID {running.pid}" in second.output
    assert "Traceback" not in second.output
    os.kill(stage, signal.SIGCONT)
    output, _ = running.communicate(timeout=HUNG)
    assert running.returncode == 0, output
    assert clone.repro("crop@a").ran == {"manifest"}


def test_a_killed_dvc_and_its_orphan_do_no_harm(stopped: tuple[Clone, subprocess.Popen[str], int]) -> None:
    clone, running, orphan = stopped
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    status = clone.run("dvc", "status", "crop@a")
    assert f"(Pid {running.pid}), in RWLock-file" in status.stderr
    assert "had been killed. Auto removed it from the lock file." in status.stderr
    assert clone.repro("-s", "crop@a").ran == {"crop@a"}
    made = {path.name: path.read_bytes() for path in (clone.folder / "data/crops/a").iterdir()}

    os.kill(orphan, signal.SIGCONT)
    output, _ = running.communicate(timeout=HUNG)
    assert "another run has taken over this output" in output
    assert {path.name: path.read_bytes() for path in (clone.folder / "data/crops/a").iterdir()} == made
    assert clone.repro("crop@a").ran == {"manifest"}
