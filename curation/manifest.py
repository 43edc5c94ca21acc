"""The manifest: digests of the raw data. DVC depends on it instead of the data.

DVC would hash 86 GB and look at 2.6 M files on every `status`. A manifest names, for every video, the
number of frames, their bytes, and one digest each of all images and all annotations (names and content,
nothing else): the same data gives the same bytes at any path, in either tree layout and with any times, and
identical bytes stop the pipeline there. An edit, an addition, a deletion and a renaming each change it.

The digests of single files, of which that of a video is made, stay beside it in the state folder
(`curation.digests.checksums`, 44 bytes a file): what is read later is held against them.

Only videos whose files look changed to `stat` (name, size, time of modification) are read. An edit that
keeps all three goes unnoticed until a strict scan, which reads everything.

Where the raw data is absent (a colleague has pulled the crops and owns no ILSVRC), `record` keeps the
manifest on record, so that nothing made from it counts as out of date.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from curation.cures import FETCH
from curation.digests.checksums import Record, checksums_folder
from curation.digests.contents import Subject, scan_groups
from curation.digests.file_groups import Files
from curation.digests.statcache import StatCache
from curation.documents.manifest_record import Manifest, load_manifest
from curation.errors import InputError
from curation.files import write_bytes
from curation.layouts.layout_table import natural
from curation.parallel import Workers
from curation.videos.dataset import MISSING_ROOT, Dataset


class SequenceFiles(NamedTuple):
    """The files of one benchmark sequence: its frames in order, and its annotation."""

    name: str
    images: Sequence[Path]
    annotations: Sequence[Path]


@dataclass(frozen=True)
class Recorded:
    """The result of `record`, in words in `note`. `kept`: the raw data is absent and the old manifest stays."""

    changed: bool
    kept: bool
    note: str


def scan(dataset: Dataset, subset: str, *, state: Path, strict: bool, workers: Workers) -> Manifest:
    """Make the manifest of one subset of a VID tree.

    Parameters
    ----------
    dataset : Dataset
        From `curation.videos.dataset.open_dataset`.
    subset : str
        One of `curation.videos.dataset.SUBSETS`.
    state : Path
        Folder for the cache of what was read; any run may share it, and deleting it costs only time.
    strict : bool
        Read every file, whatever `stat` says.
    workers : Workers
        Processes to scan with.

    Raises
    ------
    InputError
        As `Dataset.videos`; if a file cannot be read, or vanishes while the scan runs.
    """
    groups = [Subject(video.name, video.images, video.annotations) for video in dataset.videos(subset)]
    cache = StatCache(state, f"vid {subset} {dataset.root.resolve()}")
    videos = scan_groups(
        groups, cache, checksums_folder(state, subset), f"manifest {subset}", strict, workers
    )
    return Manifest("vid", subset, videos)


def scan_sequences(
    benchmark: str, sequences: Sequence[SequenceFiles], *, state: Path, strict: bool, workers: Workers
) -> Manifest:
    """Make the manifest of a benchmark's sequences; parameters and errors as `scan`."""
    groups = [Subject(s.name, Files(tuple(s.images)), Files(tuple(s.annotations))) for s in sequences]
    places = [os.fspath(path.resolve().parent) for s in sequences for path in s.images[:1]]
    cache = StatCache(state, f"sequences {benchmark} {os.path.commonpath(places) if places else ''}")
    checksums = checksums_folder(state, benchmark)
    found = scan_groups(groups, cache, checksums, f"manifest {benchmark}", strict, workers)
    return Manifest("sequences", benchmark, found)


def first_frames(manifest: Manifest, *, state: Path, natural_order: bool = False) -> dict[str, bytes]:
    """Checksum of the first image of each video or sequence by its name; none where checksums are not kept.

    Parameters
    ----------
    manifest : Manifest
        That `scan` or `scan_sequences` just made.
    state : Path
        Its folder.
    natural_order : bool
        Whether frames are in the natural order of their names (2 before 10), and not as they were listed.
    """
    checksums = checksums_folder(state, manifest.name)
    found: dict[str, bytes] = {}
    for name, entry in manifest.entries.items():
        files = Record(name, entry.images, checksums).files()
        if files:
            first = min(files, key=lambda file: natural(file.name)) if natural_order else files[0]
            found[name] = first.value
    return found


def record(
    path: Path, make: Callable[[], Manifest], *, write_to: Callable[[Path], Path] = lambda path: path
) -> Recorded:
    """Update the manifest file `path` from `make()`, or keep it if the raw data is absent.

    The file is written only if its bytes change.

    Parameters
    ----------
    path : Path
        The manifest, `data/manifest/<subset>.json`.
    make : callable
        Opens the data and scans it: `lambda: scan(open_dataset(root), ...)`.
    write_to : callable
        Asked, where the manifest has changed, where to write it.

    Raises
    ------
    InputError
        Whatever `make` raises, unless its reason is `dataset.MISSING_ROOT` and `path` holds a sound manifest.
        A subset that has gone from a root that is there is an error, not a reason to keep the record.
    """
    try:
        content = make().encoded()
    except InputError as error:
        if error.reason != MISSING_ROOT:
            raise
        return _keep(path, error)
    before = path.read_bytes() if path.is_file() else b""
    if content == before:
        return Recorded(changed=False, kept=False, note=f"{path.stem}: the raw data is unchanged")
    write_bytes(write_to(path), content)
    return Recorded(
        changed=True, kept=False, note=f"{path.stem}: the raw data, or code of your own, is new or changed"
    )


def _keep(path: Path, error: InputError) -> Recorded:
    if not path.is_file():
        raise InputError(
            f"{error.what}, and there is no manifest on record ({path})",
            do=f"{error.do}; or, to use a colleague's crops without raw data, run: {FETCH}",
            reason=MISSING_ROOT,
        ) from error
    load_manifest(path)
    return Recorded(
        changed=False,
        kept=True,
        note=f"{path.stem}: the raw data is absent, so the manifest on record is kept ({error.what}): "
        "you can use results made from it, but not make them again from raw data here",
    )
