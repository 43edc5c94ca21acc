"""MOTChallenge's form, as exported by CVAT, Datumaro, Label Studio and others: several targets in a video.

    <root>/<video>/img1/000001.jpg ..    any number of digits
    <root>/<video>/gt/gt.txt      frame,id,x,y,w,h[,conf[,class[,visibility]]]; frames and pixels count from 1

Left out: rows of `conf` 0 (to be ignored), and of visibility 0 (covered). A row that cannot be read costs one box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.errors import InputError
from curation.layouts.box_text import no_annotation, numbers_of, rows_of, usable
from curation.layouts.frame_annotation import COVERED, IGNORED, MEND, FrameAnnotation, ObjectAnnotation
from curation.layouts.layout_table import IMAGES, Layout, Parse, Video, folder_names, nothing_here, present

HOLDS = "one folder a video, each with img1/ and gt/gt.txt"
MOST = 999_999
"""Greatest trackid, and greatest number of a frame."""

Row = tuple[int, list[float]]
"""Number of a row in its file, from 1, and its numbers."""


def _splits(_root: Path) -> tuple[str, ...]:
    return ("all",)


def _find(root: Path, _split: str) -> Iterable[Video]:
    names = [
        name
        for name in folder_names(root)
        if (root / name / "img1").is_dir() or (root / name / "gt").is_dir()
    ]
    if not names:
        raise nothing_here(root, HOLDS)
    for name in names:
        yield Video(name, Folder(root / name / "img1", IMAGES), present(root / name / "gt" / "gt.txt"))


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    path = video.folder.parent / "gt" / "gt.txt"
    if "gt.txt" not in contents:
        raise no_annotation(video, path)
    rows: dict[int, list[Row]] = {number: [] for number in video.frames()}
    first = min(rows, default=0)
    faults: dict[int, list[InputError]] = {}
    for number, row in enumerate(rows_of(contents["gt.txt"], path), start=1):
        if not row.strip():
            continue
        try:
            frame, values = _numbers(row, path, number)
        except InputError as error:
            word = row.partition(",")[0].strip()
            known = int(word) if word.isdecimal() else first
            faults.setdefault(known if known in rows else first, []).append(error)
            continue
        rows.setdefault(frame, []).append((number, values))
    return {
        frame: partial(_frame, path, rows.get(frame, []), faults.get(frame, ()))
        for frame in rows.keys() | faults
    }


def _numbers(row: str, path: Path, number: int) -> tuple[int, list[float]]:
    """The frame and the numbers of a row; raises `InputError` if they are not of MOT's form."""
    values = numbers_of(row, path, number, range(6, 11))
    if not all(value.is_integer() and 0 <= value <= MOST for value in values[:2]):
        raise InputError(
            f"{path}, row {number}: frame {values[0]:g} and id {values[1]:g} are not whole numbers of 0 to {MOST}",
            do=MEND,
            reason="malformed row",
        )
    return int(values[0]), values


def _frame(path: Path, rows: Sequence[Row], unread: Sequence[InputError]) -> FrameAnnotation:
    objects: list[ObjectAnnotation] = []
    faults = [(error, 1) for error in unread]
    left_out: list[str] = []
    times = Counter(int(values[1]) for _, values in rows)
    for number, (_, track, x, y, w, h, *more) in rows:
        place = f"{path}, row {number}"
        try:
            found = usable((x - 1, y - 1, w, h), place)
        except InputError as error:
            faults.append((error, 1))
            continue
        if more and not more[0]:
            left_out.append(IGNORED)
        elif len(more) > 2 and not more[2]:
            left_out.append(COVERED)
        elif isinstance(found, str):
            left_out.append(found)
        elif times[int(track)] > 1:
            what = f"{place}: track {track:g} is there {times[int(track)]} times in one frame"
            faults.append((InputError(what, do=MEND, reason="repeated track"), 1))
        else:
            label = f"class {more[1]:g}" if len(more) > 1 else "object"
            objects.append(ObjectAnnotation(int(track), label, found, 0, 0))
    return FrameAnnotation(0, 0, tuple(objects), tuple(faults), tuple(left_out))


MOT = Layout(HOLDS, _splits, _find, _parse, form="%d", recipe=2)
