"""COCO's instances JSON: still images, each box a track of one frame.

    <root>/annotations/instances_train2017.json
    <root>/train2017/*.jpg, or <root>/images/train2017/*.jpg

A split is what stands behind `instances_`. Images whose ids share their thousands are taken for one video, so that one
changed box costs a thousand images and no more; images of one name, in several folders, come into several videos. Left
out: `iscrowd` 1 (ignored). The JSON is read element by element, and what is kept of it is a few numbers a box.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from curation.digests.file_groups import Files, Given
from curation.digests.statcache import list_names
from curation.errors import InputError
from curation.layouts.box_text import usable
from curation.layouts.frame_annotation import IGNORED, MEND, FrameAnnotation, ObjectAnnotation, sized
from curation.layouts.json_stream import stream
from curation.layouts.layout_table import Layout, Parse, Video, nothing_here

HOLDS = "annotations/instances_<split>.json and <split>/ with its images"
TOGETHER = 1000
"""Ids of the images of one video."""


def _splits(root: Path) -> tuple[str, ...]:
    files = sorted((root / "annotations").glob("instances_*.json"))
    if not files:
        raise nothing_here(root, HOLDS)
    return tuple(
        sorted((file.stem.removeprefix("instances_") for file in files), key=lambda n: ("val" in n, n))
    )


def _find(root: Path, split: str) -> Iterable[Video]:
    path = root / "annotations" / f"instances_{split}.json"
    images: dict[int, tuple[str, int, int]] = {}
    boxes: dict[int, list[tuple[list[float], int, int]]] = {}
    classes: dict[int, str] = {}
    for key, item in stream(path):
        try:
            if key == "images":
                number = int(item["id"])
                image = (str(item["file_name"]), int(item["width"]), int(item["height"]))
                if images.setdefault(number, image) != image:
                    raise InputError(
                        f"{path} gives the id {number} to two images, {images[number][0]} and {image[0]}",
                        do="Give every image an id of its own: its boxes name it by that",
                        reason="malformed JSON",
                    )
            elif key == "annotations":
                box = list(map(float, item.get("bbox") or ()))
                one = (box, int(item["category_id"]), int(item.get("iscrowd", 0)))
                boxes.setdefault(int(item["image_id"]), []).append(one)
            elif key == "categories":
                classes[int(item["id"])] = str(item["name"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: an element of {key} is not of COCO's form ({type(error).__name__}: {error})",
                do=MEND,
                reason="malformed JSON",
            ) from None
    if stray := boxes.keys() - images.keys():
        raise InputError(
            f"{path} annotates image {min(stray)}, which it does not list ({len(stray)} images)",
            do=MEND,
            reason="malformed JSON",
        )
    base = next((base for base in (root / split, root / "images" / split) if base.is_dir()), root / split)
    there = _Folders()
    for group, ids in _groups(images):
        records = sorted(
            (
                (*images[i], [(*b, classes.get(c, str(c)), crowd) for b, c, crowd in boxes.get(i, ())])
                for i in ids
            ),
            key=lambda record: Path(record[0]).name,
        )
        files = [_inside(base, record[0], path) for record in records]
        listed = tuple(file for file in files if file in there)
        absent = tuple(file for file in files if file not in there)
        yield Video(f"{split}_{group}", Files(listed, absent), Given(path, orjson.dumps(records)))


def _groups(images: Mapping[int, tuple[str, int, int]]) -> Iterable[tuple[str, list[int]]]:
    """Ids of the images of each video, by its number; no two of them have one name."""
    groups: dict[tuple[int, int], list[int]] = {}
    times: Counter[tuple[int, str]] = Counter()
    for number in images:
        group, name = number // TOGETHER, Path(images[number][0]).name
        groups.setdefault((group, times[group, name]), []).append(number)
        times[group, name] += 1
    for (group, turn), ids in sorted(groups.items()):
        yield f"{group:06d}" + (f".{turn}" if turn else ""), ids


class _Folders:
    """Which files there are: each folder is listed once."""

    def __init__(self) -> None:
        self._names: dict[Path, frozenset[str]] = {}

    def __contains__(self, file: Path) -> bool:
        if file.parent not in self._names:
            self._names[file.parent] = frozenset(list_names(file.parent, ""))
        return file.name in self._names[file.parent]


def _inside(folder: Path, name: str, path: Path) -> Path:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(
            f"{path}: the file_name {name!r} leads out of {folder}", do=MEND, reason="unsafe filename"
        )
    return folder / name


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    (content,) = contents.values()
    numbers = {name: number for number, name in video.named().items()}
    return {
        numbers[Path(record[0]).name]: partial(_frame, record, video.annotation(0))
        for record in orjson.loads(content)
    }


def _frame(record: Any, path: Path) -> FrameAnnotation:
    name, width, height, boxes = record
    objects, faults, left_out = [], [], []
    for position, (*box, label, crowd) in enumerate(boxes):
        place = f"{path}: box {position} of {name}"
        try:
            if len(box) != 4:
                raise InputError(f"{place} is not four numbers", do=MEND, reason="bad number")
            x, y, w, h = (math.nan if number is None else number for number in box)  # JSON has no NaN
            found = usable((x, y, w, h), place)
        except InputError as error:
            faults.append((error, 1))
            continue
        if crowd:
            left_out.append(IGNORED)
        elif isinstance(found, str):
            left_out.append(found)
        else:
            objects.append(ObjectAnnotation(position, label, found, 0, 0))
    frame = FrameAnnotation(0, 0, tuple(objects), tuple(faults), tuple(left_out))
    return sized(frame, (width, height), f"{path}: {name}")


COCO = Layout(HOLDS, _splits, _find, _parse, sized=True, still=True)
