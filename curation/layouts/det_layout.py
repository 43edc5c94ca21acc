"""ILSVRC DET: still images with an XML each, in VID's form without a trackid; each box is a track of one frame.

    <root>/Data/DET/train/ILSVRC2013_train/n00007846/n00007846_1.JPEG      any depth of folders
    <root>/Annotations/DET/train/ILSVRC2013_train/n00007846/n00007846_1.xml

The images of one folder are taken for one video.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.layouts.frame_annotation import FrameAnnotation
from curation.layouts.frame_xml import parse
from curation.layouts.layout_table import JPEGS, Layout, Parse, Video, nothing_here

HOLDS = "Data/DET and Annotations/DET"


def _splits(root: Path) -> tuple[str, ...]:
    there = tuple(split for split in ("train", "val") if (root / "Data" / "DET" / split).is_dir())
    if not there or not (root / "Annotations" / "DET").is_dir():
        raise nothing_here(root, HOLDS)
    return there


def _find(root: Path, split: str) -> Iterable[Video]:
    base, annotations = (root / tree / "DET" / split for tree in ("Data", "Annotations"))
    for folder, _, names in os.walk(base):
        if not any(name.endswith(JPEGS) for name in names):
            continue
        inner = Path(folder).relative_to(base)
        name = "_".join(inner.parts) or split
        yield Video(name, Folder(Path(folder), JPEGS), Folder(annotations / inner, (".xml",)))


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    numbers = {Path(name).stem: number for number, name in video.frames().items()}
    beyond = len(numbers)  # the numbers of XML files without an image
    return {
        numbers.get(Path(name).stem, beyond + at): partial(_frame, content, video.annotations.path_of(name))
        for at, (name, content) in enumerate(contents.items())
    }


def _frame(content: bytes, path: Path) -> FrameAnnotation:
    return parse(content, path, still=True)


DET = Layout(HOLDS, _splits, _find, _parse, words=("image", "XML"), sized=True, still=True)
