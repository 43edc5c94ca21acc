"""Your own clips: one folder for each video, with a text file of boxes.

    <root>/<video>/groundtruth.txt           x,y,w,h a row, 0-based pixels, as in GOT-10k
    <root>/<video>/groundtruth_rect.txt      or so: 1-based pixels, as in OTB
    <root>/<video>/img/*.jpg                 images of any name, in natural order; or beside the text

A box of zero size, or four times NaN, is taken for an absent target. Of both texts in one folder nothing says which is
right, unless they say the same boxes: `groundtruth_rect.txt` numbers that are greater by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.errors import InputError
from curation.layouts.box_text import numbers_of, one_target, rows_of
from curation.layouts.frame_annotation import ABSENT, plain
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

_NOTHING = re.compile(r"\W*nan(\W+nan){3}\W*", re.IGNORECASE)

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
    folder = video.annotation(0).parent
    if len(contents) == len(TEXTS):
        _check_same(folder, contents)
    name = next(iter(contents), "groundtruth.txt")
    rows = rows_of(contents.get(name, b""), folder / name)
    absent = {at: ABSENT for at, row in enumerate(rows) if _NOTHING.fullmatch(row)}
    return one_target(video, contents, name, label="object", base=TEXTS[name], out=absent)


def _check_same(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Raise `InputError` unless both texts say the same boxes."""
    said, again = (_boxes(contents[name], folder / name, base) for name, base in TEXTS.items())
    if said != again:
        wrong = next(
            (at for at, pair in enumerate(zip(said, again, strict=False)) if pair[0] != pair[1]), None
        )
        raise InputError(
            f"{folder} holds both {' and '.join(TEXTS)}, and they say different boxes: "
            + (
                f"{len(said):,} and {len(again):,} rows"
                if wrong is None
                else f"row {wrong + 1} is {said[wrong]} and {again[wrong]}, counted from 0"
            ),
            do="Keep the right one, and rename or remove the other",
            reason="two texts of boxes",
        )


def _boxes(content: bytes, path: Path, base: int) -> list[str]:
    """The boxes of a text in 0-based pixels, comparable and for messages."""
    rows = enumerate(rows_of(content, path), start=1)
    numbers = (numbers_of(row, path, number, (4,)) for number, row in rows)
    return [plain([round(value, 3) for value in (x - base, y - base, w, h)]) for x, y, w, h in numbers]


CLIPS = Layout(HOLDS, _splits, _find, _parse, recipe=2)
