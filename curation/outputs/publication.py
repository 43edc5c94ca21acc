"""Put all finished outputs in place at the end, only in the run that has the claim.

Every output is filled beside its place, under a hidden name that DVC and git ignore. At the end all of them are
made durable and renamed, under the lock of the claim, so that a place holds the old output or the whole new one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from curation.errors import InputError
from curation.files import sync_folder, sync_tree, writing
from curation.outputs.claim import Claim

_PART = ".part"


class Publication:
    """The outputs of one run.

    Parameters
    ----------
    claim : Claim
        The right to write them.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._mark = claim.token.decode().split()[0][:12]
        self._staged: dict[Path, Path] = {}
        self._kept: set[Path] = set()
        self._removed: list[Path] = []

    def output(self, path: Path, *, even_if_failed: bool = False) -> Path:
        """Where to write the new `path`, a file or a folder; nothing is there yet.

        Parameters
        ----------
        path : Path
            The output. What killed runs have left beside it is removed.
        even_if_failed : bool
            Publish it also when the run fails: a report that says why.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for left_over in path.parent.glob(f".{path.name}.*{_PART}*"):
                if left_over not in self._staged.values():
                    _remove(left_over)
        staged = path.with_name(f".{path.name}.{self._mark}{_PART}")
        self._staged[path] = staged
        if even_if_failed:
            self._kept.add(path)
        return staged

    def remove(self, path: Path) -> None:
        """Remove an output that is no longer wanted, when the others are put in place."""
        self._removed.append(path)

    def publish(self, verify: Callable[[], None]) -> None:
        """Put everything in place, durably.

        Parameters
        ----------
        verify : callable
            Called at the last moment; what it raises stops the publication.

        Raises
        ------
        InputError
            If the claim is lost or an output cannot be written.
        """
        self._place(self._staged, verify)
        for path in self._removed:
            path.unlink(missing_ok=True)

    def abandon(self, *, keep: bool = True) -> None:
        """Remove staged outputs. If `keep` and the claim still stands, publish those wanted even after a failure."""
        try:
            if keep and self._kept:
                self._place({path: self._staged[path] for path in self._kept}, lambda: None)
        except InputError:
            pass
        finally:
            for staged in self._staged.values():
                _remove(staged)

    def _place(self, outputs: dict[Path, Path], verify: Callable[[], None]) -> None:
        made = {path: staged for path, staged in outputs.items() if staged.exists()}
        for path, staged in made.items():
            with writing(path):
                sync_tree(staged)
        with self._claim.locked():
            self._claim.check()
            verify()
            for path, staged in made.items():
                with writing(path):
                    _swap(staged, path)
        for parent in {path.parent for path in made}:
            with writing(parent):
                sync_folder(parent)


def _swap(new: Path, target: Path) -> None:
    if new.is_dir():
        new.chmod(0o755)
    if target.is_symlink() or not target.is_dir():
        if target.is_symlink() or new.is_dir():
            target.unlink(missing_ok=True)
        new.replace(target)
        return
    old = new.with_name(f"{new.name}.old")
    target.rename(old)
    new.rename(target)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
