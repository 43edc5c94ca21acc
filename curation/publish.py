"""Put a finished folder in place as a whole, by the latest run only.

A run that was killed may leave a child that still works (kill -9 of `dvc` does). Each run therefore claims
its output first; a run whose claim has been taken over by a later one stops, and can no longer publish.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curation.errors import InputError
from curation.files import write_bytes


class Claim:
    """The right to publish one output folder; the latest claim wins.

    Parameters
    ----------
    folder : Path
        Where the claim is kept: outside the output, shared by all runs that write it. Made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self._owner = folder / "owner"
        self._lock = folder / "lock"
        self._token = f"{uuid.uuid4().hex} {os.getpid()}\n".encode()
        with _writable(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                write_bytes(self._owner, self._token)

    def check(self) -> None:
        """Raise `InputError` if a later run has claimed the output."""
        try:
            holder = self._owner.read_bytes()
        except OSError:
            holder = b""
        if holder != self._token:
            raise InputError(
                f"another run has taken over this output (see {self._owner})",
                do="Nothing to do: that run goes on with everything finished here",
                reason="taken over",
            )

    @contextmanager
    def publishing(self, target: Path) -> Iterator[Path]:
        """A new folder to fill; on a clean exit it becomes `target`, in place of what was there.

        Until then `target` is untouched, so it is at any time either the old folder or the whole new one.
        """
        with _writable(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            for left_over in target.parent.glob(f".{target.name}.*.part*"):
                shutil.rmtree(left_over, ignore_errors=True)
            filling = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
            try:
                yield filling
                with self._locked():
                    self.check()
                    filling.chmod(0o755)
                    _swap(filling, target)
            finally:
                shutil.rmtree(filling, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def _swap(new: Path, target: Path) -> None:
    if target.is_symlink():
        target.unlink()
    elif target.exists():
        old = new.with_name(f"{new.name}.old")
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        return
    new.rename(target)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}",
            do="Free space or mend the permissions, then run again: finished work is kept",
            reason="cannot write",
        ) from error
