"""The videos of a dataset, in place: what every stage after the manifest knows of them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from curation.errors import InputError
from curation.layouts.layout import Layout, frame_numbers, layout_named
from curation.outside import unreadable

SUBSETS = ("a", "b", "c", "d", "e")
"""The names of the subsets; of VID, a..d are ILSVRC2015_VID_train_0000..0003, e is val."""

MISSING_ROOT = "missing root"
"""`InputError.reason` where there is no raw data at all: no fault in a clone that has pulled its results."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class Video:
    """One video (ILSVRC calls it a snippet): a folder of frames and a folder of annotations.

    Either folder may be absent when the tree is incomplete; `curation.videos.annotations` reports that.
    """

    subset: str
    name: str
    frames_dir: Path
    annotations_dir: Path
    layout_name: str = "vid"

    @property
    def layout(self) -> Layout:
        """How its files are named and read."""
        return layout_named(self.layout_name)

    @property
    def key(self) -> str:
        """The video's name in every index: `"a/ILSVRC2015_train_00000000"`."""
        return f"{self.subset}/{self.name}"

    def image(self, frame: int) -> Path:
        """Path of a frame's image."""
        return self.frames_dir / (self.layout.image % frame)

    def annotation(self, frame: int) -> Path:
        """Path of the annotation of a frame, or of all."""
        name = self.layout.annotation
        return self.annotations_dir / (name % frame if "%" in name else name)

    def frames(self) -> list[int]:
        """Numbers of the frames that have an image, ascending."""
        return _numbers(self.frames_dir, self.layout.image)

    def annotated_frames(self) -> list[int]:
        """Numbers of the frames that have an annotation file of their own, ascending."""
        return _numbers(self.annotations_dir, self.layout.annotation)


@dataclass(frozen=True)
class Dataset:
    """An opened dataset; make one with `open_dataset`."""

    root: Path
    layout_name: str = "vid"

    @property
    def subsets(self) -> tuple[str, ...]:
        """The subsets whose frames are there."""
        return layout_named(self.layout_name).subsets(self.root)

    def videos(self, subset: str) -> list[Video]:
        """List the videos of a subset, sorted by name. Hidden folders are ignored.

        Raises
        ------
        InputError
            If the subset is unknown, absent or empty, or a video's folder has a name that is not plain (letters,
            digits and `_ . + -`); and as `Layout.find`.
        """
        if subset not in SUBSETS:
            raise InputError(
                f"there is no subset {subset!r}",
                do=f"The subsets are {', '.join(SUBSETS)}",
                reason="unknown subset",
            )
        found = sorted(layout_named(self.layout_name).find(self.root, subset))
        for name, frames, _ in found:
            if not _PLAIN_NAME.fullmatch(name):
                raise InputError(
                    f"the name of the video folder {name!r} in subset {subset} ({frames.parent}) is not plain",
                    do="Rename it: letters, digits and _ . + - only",
                    reason="bad video name",
                )
        return [
            Video(subset, name, frames, annotations, self.layout_name) for name, frames, annotations in found
        ]


def open_dataset(root: Path, layout: str = "vid") -> Dataset:
    """Open the dataset at `root`, of a layout of `dataset_layout.LAYOUTS` or of one's own.

    Raises
    ------
    InputError
        If `root` is missing (reason `MISSING_ROOT`), or holds another layout or no subset (reason `"unknown layout"`).
        Which subsets are there is `Dataset.subsets`.
    """
    if not root.is_dir():
        raise InputError(
            f"the dataset root {root} is missing or is not a folder",
            do=f"Point the dataset root at the folder that holds {layout_named(layout).holds}",
            reason=MISSING_ROOT,
        )
    dataset = Dataset(root, layout)
    if not dataset.subsets:
        raise InputError(
            f"{root} holds no subset of the layout {layout}",
            do=f"Point the dataset root at the folder that holds {layout_named(layout).holds}",
            reason="unknown layout",
        )
    return dataset


def _numbers(folder: Path, pattern: str) -> list[int]:
    try:
        with os.scandir(folder) as entries:
            return frame_numbers((entry.name for entry in entries), pattern)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(folder, error) from error
