"""Digest groups of files, and read only those that look changed.

A group is one video or sequence: its images and its annotations. What was read is kept in a `StatCache`, and the
checksum of every file beside it (`curation.digests.checksums`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from curation.digests.checksums import (
    Checksum,
    Record,
    checksum,
    doubted,
    group_digest,
    is_kept,
    keep_only,
    pack,
)
from curation.digests.file_groups import Group
from curation.digests.statcache import (
    FileStat,
    Fingerprint,
    Remembered,
    StatCache,
    fingerprint,
)
from curation.errors import InputError
from curation.parallel import START, Workers, run_in_order

SAVE_EVERY = 30.0
"""Seconds of reading that a killed scan may lose."""

GROUPS_A_SECOND = 100
"""Videos or sequences that one process looks at in a second, about."""

TOGETHER = 16
"""Videos or sequences that are sent to a process at once."""

BYTES_A_SECOND = 500e6
"""Bytes of images that one process reads in a second, about."""

log = logging.getLogger(__name__)


FILL = 1_000_000_000
"""Bytes of images without checksums, remembered from before these were kept, that are read to have them. More would
take long; they are there after a strict scan."""


@dataclass(frozen=True)
class Entry:
    """The manifest's record of one video or sequence.

    Parameters
    ----------
    frames, bytes : int
        Number of its images, and their bytes.
    images, annotations : str
        Digests of all its images, and of all its annotations: `checksums.group_digest`.
    """

    frames: int
    bytes: int
    images: str
    annotations: str

    @property
    def digests(self) -> set[str]:
        """Both groups."""
        return {self.images, self.annotations}


class Subject(NamedTuple):
    """One video or sequence to scan."""

    name: str
    images: Group
    annotations: Group


def scan_groups(
    groups: list[Subject], cache: StatCache, checksums: Path, label: str, strict: bool, workers: Workers
) -> dict[str, Entry]:
    """Entries of the manifest by group; `checksums` is the folder for those of their files.

    Raises
    ------
    InputError
        If a file cannot be read, is not plain, or is larger than `curation.LARGEST`.
    """
    remembered = [cache.get(group.name) for group in groups]
    tasks = list(zip(groups, _believed(remembered, checksums), strict=True))
    unread = [group for group, known in tasks if known is None or strict]
    results = run_in_order(
        partial(_scan_group, strict=strict),
        tasks,
        workers=workers.worth(_seconds(len(groups), unread)),
        label=label,
        size=lambda result: result[1].frames,
        together=TOGETHER,
    )
    found: dict[str, Entry] = {}
    read = 0
    saved = time.monotonic()
    try:
        for group, (mark, entry, fresh) in zip(groups, results, strict=True):
            found[group.name] = entry
            if fresh:
                read += 1
                for digest, packed in zip((entry.images, entry.annotations), fresh, strict=True):
                    Record(group.name, digest, checksums).keep(packed)
                cache.put(group.name, mark, asdict(entry))
                if time.monotonic() - saved > SAVE_EVERY:
                    cache.save()
                    saved = time.monotonic()
        cache.keep_only(set(found))
        keep_only(checksums, set().union(*(entry.digests for entry in found.values())))
    finally:
        cache.save()
    log.info("%s: %d scanned, %d of them read", label, len(found), read)
    return found


def _seconds(groups: int, unread: list[Subject]) -> float:
    """For how long one process would scan so many groups, about; `unread` are those that it has to read."""
    seconds = groups / GROUPS_A_SECOND
    if seconds < START:  # few: soon looked at, but a single one may be long
        with suppress(InputError):  # who scans it will say so
            seconds += sum(file.size for one in unread for file in one.images.stats()) / BYTES_A_SECOND
    return seconds


def _believed(remembered: list[Remembered | None], checksums: Path) -> list[Remembered | None]:
    """What is remembered of groups, without those to be read whatever `stat` says."""
    unread = doubted(checksums)
    entries = [one and Entry(**one.result) for one in remembered]
    lacking = [one for one in entries if one and not is_kept(checksums, one.images)]
    if sum(one.bytes for one in lacking) <= FILL:
        unread |= {one.images for one in lacking}
    return [
        known if entry and unread.isdisjoint(entry.digests) else None
        for known, entry in zip(remembered, entries, strict=True)
    ]


def _scan_group(
    task: tuple[Subject, Remembered | None], *, strict: bool
) -> tuple[Fingerprint, Entry, tuple[bytes, ...]]:
    """Scan one group: its fingerprint, its entry and, if its files were read for it, their packed checksums."""
    group, known = task
    images, annotations = group.images.stats(), group.annotations.stats()
    mark = fingerprint(images, annotations)
    if known is not None and not strict and known.fingerprint == mark.value:
        return mark, Entry(**known.result), ()
    packed, size = _read(group.images, images)
    packed_annotations, _ = _read(group.annotations, annotations)
    entry = Entry(len(images), size, group_digest(packed), group_digest(packed_annotations))
    return mark, entry, (packed, packed_annotations)


def _read(group: Group, files: Sequence[FileStat]) -> tuple[bytes, int]:
    """The packed checksums of files, and their bytes."""
    found = []
    size = 0
    for file in files:
        content = group.read(file)
        found.append(Checksum(file.name, checksum(content)))
        size += len(content)
    return pack(found), size
