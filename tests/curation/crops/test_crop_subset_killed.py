"""Killed at any moment, interrupted, or short of a worker: nothing is lost, nothing half-done is kept.

The pipeline's own tests do the same through `dvc repro`.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from tests.curation.crops.crop_trees import SUBSET, contents, crop_tree, write_pictures
from tests.curation.worker_processes import workers_of
from tests.waiting import HUNG, wait_until

VIDEOS = 24

pytestmark = pytest.mark.slow


def test_killed_twenty_times_and_still_the_same_bytes(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.curation.crops.crop_chaos", str(tmp_path), "20", "1"],
        capture_output=True,
        text=True,
        timeout=HUNG,
    )
    assert run.returncode == 0, run.stderr
    summary = orjson.loads(run.stdout)
    assert summary["kills"] >= 20
    assert max(summary["finished_when_resumed"]) > 0, "it was killed too early to show anything"


class Running:
    """The crop stage in a session of its own, with two workers; two finished videos are waited for."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.out, self.store = folder / "data" / SUBSET, folder / "store"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.curation.crops.crop_trees",
                *map(str, (root, self.out, self.store)),
                "2",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A parent that ignores interrupts (a background shell) would hand that down.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )
        self.wait_until(self._two_finished)

    def _two_finished(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        return len(list((self.store / SUBSET).glob("*.json"))) >= 2

    def wait_until(self, condition: Callable[[], bool]) -> None:
        wait_until(condition, self.process.communicate)

    def workers(self) -> list[int]:
        return workers_of(self.process.pid)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("killed") / "tree", VIDEOS, frames=8, size=(1280, 720))


@pytest.fixture(scope="module")
def undisturbed(root: Path) -> dict[str, bytes]:
    crop_tree(root, root.parent / "out", root.parent / "store")
    return contents(root.parent / "out")


@pytest.fixture
def running(root: Path, tmp_path: Path) -> Iterator[Running]:
    started = Running(root, tmp_path)
    yield started
    if started.process.returncode is None or not started.process.stdout.closed:  # type: ignore[union-attr]
        started.process.kill()
        started.process.communicate()


def finish(running: Running, root: Path, undisturbed: dict[str, bytes]) -> None:
    """The next run takes what is finished, and makes the same as one undisturbed."""
    report = crop_tree(root, running.out, running.store)
    assert 2 <= report["reused"] < VIDEOS
    assert contents(running.out) == undisturbed
    assert list(running.out.parent.iterdir()) == [running.out]


def test_workers_end_with_a_killed_stage(running: Running, root: Path, undisturbed: dict[str, bytes]) -> None:
    assert len(running.workers()) == 2
    running.process.kill()
    running.wait_until(lambda: not running.workers())
    finish(running, root, undisturbed)


def test_killed_worker_is_one_clear_line(running: Running, root: Path, undisturbed: dict[str, bytes]) -> None:
    os.kill(running.workers()[0], signal.SIGKILL)
    _, errors = running.process.communicate(timeout=HUNG)
    assert running.process.returncode == 1
    assert errors.strip().splitlines()[-1].startswith(f"crop {SUBSET}: a worker process was killed")
    assert "fewer jobs" in errors
    running.wait_until(lambda: not running.workers())
    finish(running, root, undisturbed)


def test_full_disk_is_one_clear_line(root: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """A limit on the size of files stands in for the end of the disk: writing fails half-way."""
    out, store = tmp_path / "data" / SUBSET, tmp_path / "store"
    limit = 30_000
    assert any(limit < len(content) for content in undisturbed.values())
    run = subprocess.run(
        [sys.executable, "-m", "tests.curation.crops.crop_trees", *map(str, (root, out, store)), "1"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert run.returncode == 1
    assert re.fullmatch(r"cannot write .*\.tar: File too large\. Free space .*\n", run.stderr)
    assert not out.exists()
    assert not list(store.rglob("*.part"))
    crop_tree(root, out, store)
    assert contents(out) == undisturbed


def test_interrupt_leaves_no_process_behind(
    running: Running, root: Path, undisturbed: dict[str, bytes]
) -> None:
    os.killpg(running.process.pid, signal.SIGINT)
    running.process.communicate(timeout=HUNG)
    assert running.process.returncode != 0
    running.wait_until(lambda: not running.workers())
    assert not running.out.exists()
    finish(running, root, undisturbed)
