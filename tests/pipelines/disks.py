"""File systems of their own for tests: mounted where that is allowed, else the test is skipped."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@contextmanager
def mounted(*arguments: str, at: Path) -> Iterator[Path]:
    """Mount something; skip the test where that is not allowed."""
    _mount(*arguments, at=at)
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


@dataclass(frozen=True)
class Disk:
    """An ext4 file system in a file, mounted at `at`, that can lose its power."""

    image: Path
    at: Path

    def lose_power(self) -> None:
        """Go on with what is on the disk at this moment: what was not yet written down is lost.

        Nothing may work on the disk meanwhile: stop it, and end it when this returns.
        """
        cut = self.image.with_name("cut.img")
        while True:  # until nothing was written while it was copied
            shutil.copyfile(self.image, cut)
            if filecmp.cmp(self.image, cut, shallow=False):
                break
        subprocess.run(["umount", "--lazy", str(self.at)], check=True)
        cut.replace(self.image)
        _mount(*_options(self.image), at=self.at)


@contextmanager
def ext4_disk(folder: Path, *, megabytes: int = 300) -> Iterator[Disk]:
    """A new disk; skip the test where none can be made or mounted."""
    image = folder / "disk.img"
    with image.open("wb") as stream:
        stream.truncate(megabytes << 20)
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("there is no mkfs.ext4 to make a disk with")
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted(*_options(image), at=folder / "disk") as at:
        yield Disk(image, at)


COMMIT = 1
"""Seconds after which the file system writes names down; content may take thirty."""


def names_are_written() -> None:
    """Wait until the names of files that were made by now are on the disk."""
    time.sleep(2.5 * COMMIT)


def _options(image: Path) -> tuple[str, ...]:
    return ("-o", f"loop,commit={COMMIT}", str(image))


def _mount(*arguments: str, at: Path) -> None:
    at.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a file system here, which needs root: {done.stderr.strip()}")
