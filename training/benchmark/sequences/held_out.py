"""Which videos belong to a test set, so that none of them is trained on where it is tested."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from curation.rows import unknown_name
from training.benchmark.sequences.sequence_list import (
    LISTS,
    load_listing,
    name_key,
    one_pass_names,
    packaged_names,
)

VOT_OVERLAP = "vot_overlap"
"""The videos of GOT-10k's training split that overlap with sequences of VOT."""


def list_names() -> list[str]:
    """Names of the lists there are: every packaged benchmark's, and `VOT_OVERLAP`."""
    return [*packaged_names(), VOT_OVERLAP]


def is_listed(name: str, video: str) -> bool:
    """Whether a list names a video, or the folder of its frames (`Jogging`, of `Jogging.1`), in any case and `-_.`.

    Raises
    ------
    InputError
        For an unknown list.
    """
    return name_key(video) in _keys(name)


def listed(videos: Iterable[str]) -> dict[str, list[str]]:
    """Those of some videos that a list names, by the list; choices from another list are left out."""
    known = list(videos)
    choices = {*one_pass_names()} - {*one_pass_names(whole=True)}
    found = {
        name: [video for video in known if is_listed(name, video)]
        for name in list_names()
        if name not in choices
    }
    return {name: some for name, some in found.items() if some}


@cache
def _keys(name: str) -> frozenset[str]:
    if name == VOT_OVERLAP:
        rows = (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        numbers = (number for row in rows if not row.startswith("#") for number in row.split())
        return frozenset(name_key(f"GOT-10k_Train_{int(number):06d}") for number in numbers)
    if name not in packaged_names():
        raise unknown_name("list of test videos", name, list_names())
    entries = load_listing(name).sequences
    return frozenset(
        name_key(one) for entry in entries for one in (entry.name, entry.folder.rpartition("/")[2])
    )
