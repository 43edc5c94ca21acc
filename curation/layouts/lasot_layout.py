"""LaSOT, as unpacked; its extension likewise.

    <root>/<class>/<class>-<n>/img/00000001.jpg ..
        groundtruth.txt       x,y,w,h a row, whole 1-based pixels
        full_occlusion.txt    0 or 1 for each frame, between commas
        out_of_view.txt       likewise
    <root>/training_set.txt, testing_set.txt    names of videos: splits `train` and `test`, where they are there

Left out: rows with either flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.layouts.box_text import flags_of, listed_names, no_annotation, one_target, rows_of
from curation.layouts.frame_annotation import COVERED, OUT_OF_VIEW
from curation.layouts.layout_table import JPEGS, Layout, Parse, Video, folder_names, nothing_here, present
from curation.outside import read_outside

BOXES, OCCLUSION, VIEW = FILES = ("groundtruth.txt", "full_occlusion.txt", "out_of_view.txt")
LISTS = {"train": "training_set.txt", "test": "testing_set.txt"}
HOLDS = "LaSOT's classes: airplane/airplane-1/img"


def _splits(root: Path) -> tuple[str, ...]:
    return (*(split for split, name in LISTS.items() if (root / name).is_file()), "all")


def _find(root: Path, split: str) -> Iterable[Video]:
    found = {}
    for kind in folder_names(root):
        for name in folder_names(root / kind):
            folder = root / kind / name
            if name.startswith(f"{kind}-"):
                found[name] = Video(
                    name, Folder(folder / "img", JPEGS), present(*(folder / file for file in FILES))
                )
    if not found:
        raise nothing_here(root, HOLDS)
    if split not in LISTS:
        return found.values()
    path = root / LISTS[split]
    content = read_outside(path, limit=1 << 20, kind="a list of videos")
    names = listed_names(path, content, found, do="shorten the list to what is there, or take split: all")
    return [found[name] for name in names]


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    folder = video.folder.parent
    if BOXES not in contents:
        raise no_annotation(video, folder / BOXES)
    count = len(rows_of(contents[BOXES], folder / BOXES))
    occluded, gone = (flags_of(contents, folder / name, count) for name in (OCCLUSION, VIEW))
    out = {at: COVERED for at, flag in enumerate(occluded) if flag}
    out |= {at: OUT_OF_VIEW for at, flag in enumerate(gone) if flag}
    return one_target(video, contents, BOXES, label=folder.parent.name, base=1, out=out)


LASOT = Layout(HOLDS, _splits, _find, _parse, form="%08d")
