"""Your own clips: one folder for each video, with a text file of boxes.

    <root>/<video>/groundtruth.txt           x,y,w,h a row, 0-based pixels, as in GOT-10k
    <root>/<video>/groundtruth_rect.txt      or so: 1-based pixels, as in OTB
    <root>/<video>/img/*.jpg                 images of any name, in natural order; or beside the text

A box of zero size, or four times NaN, is taken for an absent target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.layouts.box_text import one_target
from curation.layouts.layout_table import (
    IMAGES,
    Layout,
    Parse,
    Video,
    folder_names,
    nothing_here,
    present,
)

TEXTS = {"groundtruth.txt": 0, "groundtruth_rect.txt": 1}
"""Name of the text, and the number of the first pixel in it."""

HOLDS = "one folder a video, each with groundtruth.txt or groundtruth_rect.txt"


def _splits(_root: Path) -> tuple[str, ...]:
    return ("all",)


def _find(root: Path, _split: str) -> Iterable[Video]:
    names = list(folder_names(root))
    if not names:
        raise nothing_here(root, HOLDS)
    for name in names:
        folder = root / name
        images = folder / "img" if (folder / "img").is_dir() else folder
        yield Video(name, Folder(images, IMAGES), present(*(folder / text for text in TEXTS)))


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    name = next(iter(contents), "groundtruth.txt")
    return one_target(video, contents, name, label="object", base=TEXTS.get(name, 0))


CLIPS = Layout(HOLDS, _splits, _find, _parse)
