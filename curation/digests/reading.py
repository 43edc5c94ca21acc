"""Compare what a stage reads of a group of files with what the manifest stage read.

The bytes that are hashed are those that are decoded. So a file that was changed between the two stages, or while
this one reads, is noticed, whatever it holds before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from curation.digests.checksums import Checksum, Record, changed, checksum, group_digest, pack


class Reading:
    """The content of one group's files, recorded while they are read."""

    def __init__(self) -> None:
        self._read: dict[Path, bytes] = {}

    def note(self, path: Path, content: bytes) -> None:
        """Record a file's content.

        Raises
        ------
        InputError
            If the file was read before, and was another then.
        """
        value = checksum(content)
        if self._read.setdefault(path, value) != value:
            raise changed(f"{path} changed while it was read")

    def __contains__(self, path: Path) -> bool:
        return path in self._read

    def digest(self, paths: Iterable[Path]) -> str:
        """Digest of files that were read, in the order given: `checksums.group_digest`."""
        return group_digest(pack(Checksum(path.name, self._read[path]) for path in paths))

    def check(self, paths: Sequence[Path], record: Record, *, unread: Collection[Path] = ()) -> None:
        """Compare what was read with the record.

        Parameters
        ----------
        paths : sequence of Path
            The group's files as they were read, in order.
        record : Record
            Of the group.
        unread : collection of Path
            Files of the group that could not be read. The others are then compared one by one, for which
            `record.files()` must be there.

        Raises
        ------
        InputError
            Of reason `checksums.CHANGED`, if content, names or order differ. It names the first such file.
        """
        if not unread and self.digest(paths) == record.digest:
            return
        recorded = record.files()
        if recorded is None:
            newest = max(paths, key=_last_change, default=None)
            last = f"; the last one to change was {newest}" if newest else ""
            raise record.differs(
                [f"the files of {record.group} are not those that the manifest stage read{last}"]
            )
        problems = self._differences(paths, dict(recorded), unread)
        if not problems and not unread:
            problems = [
                f"the files of {record.group} are in another order than the manifest stage found them in"
            ]
        if problems:
            raise record.differs(problems)

    def _differences(
        self, paths: Sequence[Path], recorded: Mapping[str, bytes], unread: Collection[Path]
    ) -> list[str]:
        return [
            *other_names([*paths, *unread], recorded.keys()),
            *(
                f"{path} is not what the manifest stage read"
                for path in paths
                if self._read[path] != recorded.get(path.name, self._read[path])
            ),
        ]


def check_names(paths: Sequence[Path], record: Record) -> bool:
    """Compare the names of a group's files, as they are now, with the record.

    Returns
    -------
    bool
        False where the checksums are not kept: only the content of all files tells their names then.

    Raises
    ------
    InputError
        As `Reading.check`.
    """
    recorded = record.files()
    if recorded is None:
        return False
    if problems := other_names(paths, {file.name for file in recorded}):
        raise record.differs(problems)
    return True


def other_names(paths: Sequence[Path], recorded: Collection[str]) -> list[str]:
    """Added and missing names, one line each."""
    folder = paths[0].parent if paths else Path()
    there = {path.name for path in paths}
    return [
        *(f"{path} was not there when the manifest stage ran" for path in paths if path.name not in recorded),
        *(
            f"{folder / name} was there when the manifest stage ran, and is gone"
            for name in sorted(recorded)
            if name not in there
        ),
    ]


def _last_change(path: Path) -> int:
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return 0
