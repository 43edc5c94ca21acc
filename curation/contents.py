"""Digest the content of groups of files, reading only those that look changed.

A group is one video or sequence: its images and its annotations. What was read is kept in a `StatCache`.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from curation.errors import InputError
from curation.parallel import Workers, run_in_order
from curation.statcache import (
    FileStat,
    Fingerprint,
    Remembered,
    StatCache,
    fingerprint,
    list_folder,
    stat_file,
)

SAVE_EVERY = 30.0
"""Seconds of reading that a killed scan may lose."""

SERIAL_BELOW = 50
"""With fewer groups than this, starting worker processes costs more than they save."""

_CHUNK = 1 << 20

log = logging.getLogger(__name__)


class Folder(NamedTuple):
    """Every file of a folder whose name ends in `suffix`."""

    path: Path
    suffix: str

    def stats(self) -> list[FileStat]:
        return list_folder(self.path, self.suffix)


class Files(NamedTuple):
    """Files named one by one, in an order that matters."""

    paths: tuple[Path, ...]

    def stats(self) -> list[FileStat]:
        return [stat_file(path) for path in self.paths]


class Group(NamedTuple):
    """One video or sequence to scan."""

    name: str
    images: Folder | Files
    annotations: Folder | Files


def scan_groups(
    groups: list[Group], cache: StatCache, label: str, strict: bool, workers: Workers
) -> dict[str, Any]:
    results = run_in_order(
        partial(_scan_group, strict=strict),
        [(group, cache.get(group.name)) for group in groups],
        workers=Workers(jobs=1) if len(groups) < SERIAL_BELOW else workers,
        label=label,
        size=lambda result: result[1]["frames"],
    )
    found: dict[str, Any] = {}
    read = 0
    saved = time.monotonic()
    try:
        for group, (mark, entry, fresh) in zip(groups, results, strict=True):
            found[group.name] = entry
            if fresh:
                read += 1
                cache.put(group.name, mark, entry)
                if time.monotonic() - saved > SAVE_EVERY:
                    cache.save()
                    saved = time.monotonic()
        cache.keep_only(set(found))
    finally:
        cache.save()
    log.info("%s: %d scanned, %d of them read", label, len(found), read)
    return found


def _scan_group(
    task: tuple[Group, Remembered | None], *, strict: bool
) -> tuple[Fingerprint, dict[str, Any], bool]:
    """Scan one group: its fingerprint, its entry, and whether its files were read for it."""
    group, known = task
    images, annotations = group.images.stats(), group.annotations.stats()
    mark = fingerprint(images, annotations)
    if known is not None and not strict and known.fingerprint == mark.value:
        return mark, known.result, False
    image_digest, size = _digest(images)
    annotation_digest, _ = _digest(annotations)
    entry = {"frames": len(images), "bytes": size, "images": image_digest, "annotations": annotation_digest}
    return mark, entry, True


def _digest(files: Sequence[FileStat]) -> tuple[str, int]:
    """One BLAKE2b digest of the names and contents of files, and their bytes."""
    total = hashlib.blake2b(digest_size=16)
    size = 0
    for file in files:
        content = hashlib.blake2b(digest_size=32)
        try:
            with Path(file.path).open("rb", buffering=0) as stream:
                while chunk := stream.read(_CHUNK):
                    content.update(chunk)
                    size += len(chunk)
        except OSError as error:
            raise InputError(
                f"cannot read {file.path}: {error.strerror or error}",
                do="Mend the permissions or the disk, or wait until nobody changes the data, then run again",
                reason="unreadable file",
            ) from error
        total.update(file.name.encode() + b"\0" + content.digest())
    return total.hexdigest(), size
