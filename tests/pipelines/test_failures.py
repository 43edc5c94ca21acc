"""Failures of the system are one line with a cure; errors of the program keep their traceback."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipelines import failures
from pipelines.__main__ import main
from pipelines.failures import explain
from pipelines.tools import settings


def raised(action: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "data/a"),
            ["data/a: No space left", "Free space and inodes"],
        ),
        (
            ModuleNotFoundError("No module named 'lxml.etree'", name="lxml.etree"),
            [f"lxml.etree is not installed for {sys.executable}", "Activate the environment"],
        ),
        (OSError(errno.ENOSPC, "No space left on device"), ["No space left on device", "inodes"]),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "a"), ["a: Disk quota", "Free space"]),
        (OSError(errno.EROFS, "Read-only file system", "a"), ["a: Read-only", "permissions"]),
        (PermissionError(errno.EACCES, "Permission denied", "a"), ["a: Permission denied", "permissions"]),
        (OSError(errno.EMFILE, "Too many open files", "a"), ["Too many open files", "ulimit"]),
        (OSError(errno.EIO, "Input/output error", "a"), ["Input/output error", "dmesg"]),
        (OSError(errno.ESTALE, "Stale file handle", "a"), ["Stale", "network share"]),
        (FileNotFoundError(errno.ENOENT, "No such file", "gone"), ["gone: No such file", "Restore"]),
        (OSError(errno.ELOOP, "Too many levels", "loop", None, "other"), ["loop -> other: Too many levels"]),
        (OSError(errno.EACCES, "Permission denied", b"\xff\x1b"), ["\\xff\\x1b: Permission"]),
        (MemoryError(), ["the memory is full", "fewer jobs"]),
        (RuntimeError("can't start new thread"), ["can't start new thread", "ulimit"]),
        (RuntimeError("CUDA error: out of memory"), ["the memory is full", "train.batch"]),
        (RuntimeError("Symlink loop from '/a'"), ["Symlink loop", "Restore"]),
    ],
)
def test_what_the_system_refuses(error: Exception, words: list[str]) -> None:
    line = str(explain(error))
    assert line.isprintable()
    assert all(word in line for word in words), line


def test_what_the_libraries_say_when_the_memory_is_full() -> None:
    huge = 1 << 50
    for action in (
        lambda: torch.empty(huge),
        lambda: np.empty(huge),
        lambda: cv2.resize(np.zeros((9, 9), np.uint8), (1 << 30, 1 << 30)),
    ):
        assert "the memory is full" in str(explain(raised(action)))
    assert "the memory is full" in str(explain(torch.OutOfMemoryError("Tried to allocate 2.00 GiB")))


@pytest.mark.parametrize(
    "error",
    [
        KeyError("a"),
        ModuleNotFoundError("No module named 'curation.x'", name="curation.x"),
        RuntimeError("shapes do not match"),
        ValueError("bad"),
        OSError(errno.EBADF, "Bad file descriptor"),
        OSError(errno.EINVAL, "Invalid argument", "a"),
        OSError(errno.ENOENT, "No such file or directory"),
        OSError("without a number"),
        FileExistsError(errno.EEXIST, "File exists", "a"),
    ],
)
def test_errors_of_the_program_are_not_explained(error: Exception) -> None:
    assert explain(error) is None


def test_every_cure_is_of_a_number_that_this_system_has() -> None:
    assert all(os.strerror(number) for number in failures.CURES)


def test_a_python_without_the_packages_ends_in_one_line() -> None:
    """As `python` outside the environment; `-S` leaves out what is installed."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pipelines", "manifest"],
        cwd=root,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert f"is not installed for {sys.executable}. Activate the environment" in line


def test_a_command_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "data/\x1b[31m")

    monkeypatch.setattr(settings, "run", full)
    assert main(["settings"]) == 1
    (error,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert error.startswith("error: data/\\x1b[31m: No space left on device. Free space")

    def wrong(_: object) -> None:
        raise KeyError("an error of the program")

    monkeypatch.setattr(settings, "run", wrong)
    with pytest.raises(KeyError):
        main(["settings"])
