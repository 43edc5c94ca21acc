"""Layouts of datasets: one row for each, and one module that reads it.

Curation asks a layout for its videos, and of a video for its images and its annotation; everything after the tracks
knows no layout. One of one's own is a `Layout` too, named by the place of its code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from curation.digests.file_groups import Files, Folder, Group
from curation.errors import InputError
from curation.layouts.frame_annotation import FrameAnnotation
from curation.rows import Table, load_own

Parse = Callable[[], FrameAnnotation]
"""Gives one frame's annotation, or raises `InputError`."""

JPEGS = (".jpg", ".jpeg", ".JPG", ".JPEG")
IMAGES = (*JPEGS, ".png", ".PNG", ".bmp", ".BMP", ".tif", ".TIF", ".tiff", ".TIFF", ".webp", ".WEBP")
"""Endings of the names of images."""


class Row(NamedTuple):
    """A row: the layout's code, the setting of its data's place, its name."""

    place: str
    setting: str
    title: str


LAYOUTS: Table[Row] = Table(
    "dataset layout",
    {
        "vid": Row("curation.layouts.vid_layout:VID", "vid_root", "ILSVRC VID, releases of 2015 and 2017"),
        "got10k": Row("curation.layouts.got10k_layout:GOT10K", "got10k_root", "GOT-10k"),
        "lasot": Row("curation.layouts.lasot_layout:LASOT", "lasot_root", "LaSOT"),
        "trackingnet": Row(
            "curation.layouts.trackingnet_layout:TRACKINGNET", "trackingnet_root", "TrackingNet"
        ),
        "mot": Row("curation.layouts.mot_layout:MOT", "", "MOTChallenge, as CVAT and others export it"),
        "clips": Row("curation.layouts.clips_layout:CLIPS", "", "one folder a video, with groundtruth.txt"),
        "coco": Row("curation.layouts.coco_layout:COCO", "coco_root", "COCO's instances JSON, still images"),
        "det": Row("curation.layouts.det_layout:DET", "det_root", "ILSVRC DET, still images"),
    },
    own=lambda name, _: Row(name, "", name),
)
"""The layouts there are. Data of a layout without a setting are where `roots.<part>` says."""


class Video(NamedTuple):
    """One video of a dataset, found by its layout.

    Parameters
    ----------
    name : str
        Plain: letters, digits and `_ . + -`.
    images : Folder or Files
    annotations : Folder, Files or Given
        What annotates them. Either may hold nothing where the tree is incomplete.
    subset, layout_name : str
        Filled in by the dataset.
    """

    name: str
    images: Folder | Files
    annotations: Group
    subset: str = ""
    layout_name: str = "vid"

    @property
    def layout(self) -> Layout:
        """The layout of its files."""
        return layout_named(self.layout_name)

    @property
    def key(self) -> str:
        """The video's name in every index: `"a/ILSVRC2015_train_00000000"`."""
        return f"{self.subset}/{self.name}"

    def frames(self) -> dict[int, str]:
        """Name of the image of each frame that has one, by its number, ascending; errors as `number_frames`."""
        named = self.named()
        absent = {path.name for path in self.images.absent} if isinstance(self.images, Files) else ()
        return {number: name for number, name in named.items() if name not in absent} if absent else named

    def named(self) -> dict[int, str]:
        """As `frames`, with the images that are listed and absent: their numbers wait for them."""
        if isinstance(self.images, Files):
            return dict(_number_files(self.images, self.layout.form))
        return number_frames(self.images.names(), self.layout.form, str(self.folder))

    @property
    def folder(self) -> Path:
        """The folder of its images."""
        return self.images.path if isinstance(self.images, Folder) else self.images.wanted.parent

    def image(self, frame: int) -> Path:
        """Path of a frame's image, or of the image that a frame without one could have."""
        return self.images.path_of(self.named().get(frame) or f"{self._stem(frame)}{self._ending}")

    def annotation(self, frame: int) -> Path:
        """Path of the annotation of a frame, or of all; for messages."""
        if isinstance(self.annotations, Folder):
            return self.annotations.path_of(f"{self._stem(frame)}{self.annotations.endings[0]}")
        return self.annotations.wanted if isinstance(self.annotations, Files) else self.annotations.path

    def _stem(self, frame: int) -> str:
        """What the names of a frame's files begin with."""
        if self.layout.form and self.layout.form != "%d":
            return self.layout.form % frame
        names = self.frames()
        if self.layout.form:
            return str(frame).zfill(min((len(Path(name).stem) for name in names.values()), default=1))
        if frame in names or not isinstance(self.annotations, Folder):
            return Path(names.get(frame, str(frame))).stem
        stems = {Path(name).stem for name in names.values()}
        alone = [stem for name in self.annotations.names() if (stem := Path(name).stem) not in stems]
        return alone[frame - len(names)] if frame - len(names) < len(alone) else str(frame)

    @property
    def _ending(self) -> str:
        return (self.images.first or self.images.endings[0]) if isinstance(self.images, Folder) else ""


@dataclass(frozen=True)
class Layout:
    """One kind of dataset: where its videos are, how its files are named, how annotations are read.

    Attributes
    ----------
    holds : str
        What the root is the folder of, for messages.
    splits : callable
        From a root to the names of what can be taken there, the usual one first. Raises `InputError` for a root of
        another kind.
    find : callable
        From a root and a split to its videos, in any order. A video that lacks images or annotation is there too.
        Raises `InputError` where there is none.
    parse : callable
        From a video, and the content of each of its annotation's files by name, to what parses each annotated frame,
        by number. Raises `InputError` where the annotation as a whole cannot be used.
    form : str
        How the names of images carry the number of the frame: `%06d`, `%d`; empty where they do not, and frames are
        counted from 0 in the names' natural order (2 before 10).
    words : (str, str)
        What images and annotations are called in messages.
    sized : bool
        Whether the annotation says how large each image is; otherwise the image tells.
    still : bool
        Whether every image stands for itself: each box is a track of one frame, and each image has a size of its own.
    recipe : int
        Number of its rules; a new one where the same files give other tracks, or none any more: then its parts are
        annotated again.
    """

    holds: str
    splits: Callable[[Path], tuple[str, ...]]
    find: Callable[[Path, str], Iterable[Video]]
    parse: Callable[[Video, Mapping[str, bytes]], Mapping[int, Parse]]
    form: str = ""
    words: tuple[str, str] = ("image", "row")
    sized: bool = False
    still: bool = False
    recipe: int = 1


@lru_cache(maxsize=1)  # asked again for each absent one
def _number_files(images: Files, form: str) -> dict[int, str]:
    names = (path.name for path in (*images.listed, *images.absent))
    return number_frames(names, form, str(images.wanted.parent))


@cache
def layout_named(name: str) -> Layout:
    """The layout of that name; raises `InputError` as `Table` does."""
    layout: Layout = load_own(LAYOUTS[name].place, LAYOUTS.what)
    return layout


def number_frames(names: Iterable[str], form: str, folder: str) -> dict[int, str]:
    """Names of images by frame number, ascending; names of another form are ignored.

    Raises
    ------
    InputError
        If two have one number.
    """
    if not form:
        return dict(enumerate(sorted(names, key=natural)))
    numbers = _form(form)
    found: dict[int, str] = {}
    for name in sorted(names):
        if match := numbers.fullmatch(name):
            other = found.setdefault(int(match[1]), name)
            if other != name:
                raise InputError(
                    f"{folder} holds two images of one frame: {other} and {name}",
                    do="Remove one of them",
                    reason="doubled image",
                )
    return dict(sorted(found.items()))


def natural(name: str) -> list[Any]:
    """A key by which names sort as people do: numbers in them by value."""
    parts = re.split(r"([0-9]+)", name)
    return [*(int(part) if at % 2 else part for at, part in enumerate(parts)), name]


@cache
def _form(form: str) -> re.Pattern[str]:
    head, mark, tail = re.split(r"(%(?:0\d)?d)", form, maxsplit=1)
    digits = f"{{{mark[2]}}}" if mark != "%d" else "+"
    return re.compile(rf"{re.escape(head)}([0-9]{digits}){re.escape(tail)}\.\w+")


def folder_names(folder: Path) -> Iterable[str]:
    """Names of the folders in a folder that are not hidden; none where it is absent."""
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.name[0] != "." and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise InputError(
            f"cannot read the folder {folder}: {error.strerror or error}",
            do="Fix its permissions or the disk, then run again",
            reason="unreadable file",
        ) from error


def present(*paths: Path) -> Files:
    """Those files, that exist and that do not."""
    there = tuple(path for path in paths if path.exists())
    return Files(there, tuple(path for path in paths if path not in there))


def nothing_here(root: Path, holds: str) -> InputError:
    """The error for a root of another kind."""
    return InputError(
        f"{root} holds no {holds}",
        do=f"Point the root at the folder that holds {holds}",
        reason="unknown layout",
    )
