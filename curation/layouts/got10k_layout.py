"""GOT-10k, as unpacked.

    <root>/train/list.txt                               names of the folders
    <root>/train/GOT-10k_Train_000001/00000001.jpg ..   and `val` likewise
        groundtruth.txt       x,y,w,h a row, 0-based pixels, with fractions
        absence.label         1 where the target is absent
        cover.label           0 to 8: how many eighths of it are visible
        cut_by_image.label    1 where the image cuts it
        meta_info.ini         the class

Left out: absent ones, and those of cover 0 (the authors' own toolkit and the field's loaders do so).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.layouts.box_text import flags_of, listed_names, no_annotation, one_target, rows_of
from curation.layouts.frame_annotation import ABSENT, COVERED
from curation.layouts.layout_table import JPEGS, Layout, Parse, Video, folder_names, nothing_here, present
from curation.outside import read_outside

BOXES = "groundtruth.txt"
ABSENCE, COVER, CUTTING, META = LABELS = (
    "absence.label",
    "cover.label",
    "cut_by_image.label",
    "meta_info.ini",
)
HOLDS = "train/ and val/ of GOT-10k"
_CLASS = re.compile(rb"^object_class:\s*(.+?)\s*$", re.MULTILINE)


def _splits(root: Path) -> tuple[str, ...]:
    there = tuple(split for split in ("train", "val", "test") if (root / split).is_dir())
    if not there:
        raise nothing_here(root, HOLDS)
    return there


def _find(root: Path, split: str) -> Iterable[Video]:
    folder = root / split
    for name in _names(folder):
        video = folder / name
        files = present(*(video / file for file in (BOXES, *LABELS)))
        yield Video(name, Folder(video, JPEGS), files)


def _names(folder: Path) -> list[str]:
    there = set(folder_names(folder))
    listing = folder / "list.txt"
    try:
        content = read_outside(listing, limit=1 << 22, kind="a list of videos")
    except FileNotFoundError:
        return sorted(there)
    return listed_names(listing, content, there, do="or shorten the list to what is there")


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    if BOXES not in contents:
        raise no_annotation(video, video.folder / BOXES)
    count = len(rows_of(contents[BOXES], video.folder / BOXES))
    absent, cover, cut = (
        flags_of(contents, video.folder / name, count) for name in (ABSENCE, COVER, CUTTING)
    )
    out = {at: ABSENT for at, flag in enumerate(absent) if flag}
    if COVER in contents:
        out = {at: COVERED for at, eighths in enumerate(cover) if not eighths} | out
    found = _CLASS.search(contents.get(META, b""))
    label = found[1].decode(errors="replace") if found else "object"
    return one_target(video, contents, BOXES, label=label, out=out, cut=dict(enumerate(cut)))


GOT10K = Layout(HOLDS, _splits, _find, _parse, form="%08d")
