"""Find the videos of an ILSVRC2015 VID tree, in place, whichever of its two layouts it has.

As unpacked, and as the SiamFC and DSLT instructions have users move and rename it by hand:

    Data/VID/train/ILSVRC2015_VID_train_0000 .. 0003, Data/VID/val      subsets a .. d, e
    Data/VID/train/a .. e                                               the same subsets

with the same folders under `Annotations/VID`. Either gives the same videos under the same names, so
nothing downstream depends on the layout or on where the tree lies.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from curation.errors import InputError

SUBSETS = ("a", "b", "c", "d", "e")
"""The names of the subsets: a..d are ILSVRC2015_VID_train_0000..0003, e is val."""

IMAGE_SUFFIX = ".JPEG"
ANNOTATION_SUFFIX = ".xml"

MISSING_ROOT = "missing root"
"""`InputError.reason` where there is no raw data at all: no fault in a clone that has pulled its results."""

_AS_UNPACKED = {
    **{subset: f"train/ILSVRC2015_VID_train_{part:04d}" for part, subset in enumerate(SUBSETS[:4])},
    "e": "val",
}
_FRAME_STEM = re.compile(r"[0-9]{6}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class Video:
    """One video (ILSVRC calls it a snippet): a folder of frames and a folder of annotations.

    Either folder may be absent when the tree is incomplete; `curation.annotations` reports that.
    """

    subset: str
    name: str
    frames_dir: Path
    annotations_dir: Path

    @property
    def key(self) -> str:
        """The video's name in every index: `"a/ILSVRC2015_train_00000000"`."""
        return f"{self.subset}/{self.name}"

    def image(self, frame: int) -> Path:
        """Path of a frame's JPEG."""
        return self.frames_dir / f"{frame:06d}{IMAGE_SUFFIX}"

    def annotation(self, frame: int) -> Path:
        """Path of a frame's XML."""
        return self.annotations_dir / f"{frame:06d}{ANNOTATION_SUFFIX}"

    def frames(self) -> list[int]:
        """Numbers of the frames that have a JPEG, ascending."""
        return _numbers(self.frames_dir, IMAGE_SUFFIX)

    def annotated_frames(self) -> list[int]:
        """Numbers of the frames that have an XML, ascending."""
        return _numbers(self.annotations_dir, ANNOTATION_SUFFIX)


@dataclass(frozen=True)
class Dataset:
    """An opened tree; make one with `open_dataset`."""

    root: Path

    @property
    def subsets(self) -> tuple[str, ...]:
        """The subsets whose frames are there."""
        return tuple(subset for subset in SUBSETS if _locate(self.root / "Data" / "VID", subset) is not None)

    def videos(self, subset: str) -> list[Video]:
        """List the videos of a subset, sorted by name.

        A video is listed when it has a folder under `Data/VID` or under `Annotations/VID`, so that one
        without the other is noticed rather than lost. Hidden folders are ignored.

        Raises
        ------
        InputError
            If the subset is unknown, absent or empty in either tree, there in both layouts at once, or
            a video's folder has a name that is not plain (letters, digits and `_ . + -`).
        """
        if subset not in SUBSETS:
            raise InputError(
                f"there is no subset {subset!r}",
                do=f"The subsets are {', '.join(SUBSETS)}",
                reason="unknown subset",
            )
        frames = self._folder("Data", subset)
        annotations = self._folder("Annotations", subset)
        names = sorted({*_folder_names(frames), *_folder_names(annotations)})
        for name in names:
            if not _PLAIN_NAME.fullmatch(name):
                raise InputError(
                    f"the name of the video folder {name!r} in subset {subset} ({frames}) is not plain",
                    do="Rename it: letters, digits and _ . + - only",
                    reason="bad video name",
                )
        return [Video(subset, name, frames / name, annotations / name) for name in names]

    def _folder(self, tree: str, subset: str) -> Path:
        base = self.root / tree / "VID"
        folder = _locate(base, subset)
        if folder is None:
            raise InputError(
                f"subset {subset} has no videos: neither {base / _AS_UNPACKED[subset]} nor "
                f"{base / 'train' / subset} holds a folder",
                do="Unpack that part of ILSVRC2015 VID, or leave the subset out",
                reason="empty subset",
            )
        return folder


def open_dataset(root: Path) -> Dataset:
    """Open the VID tree at `root`, the folder that holds `Data/VID` and `Annotations/VID`.

    Raises
    ------
    InputError
        If `root` is missing (reason `MISSING_ROOT`), is not such a folder, or holds no subset in
        either layout (reason `"unknown layout"`). Which subsets are there is `Dataset.subsets`.
    """
    if not root.is_dir():
        raise InputError(
            f"the dataset root {root} is missing or is not a folder",
            do="Point the dataset root at the folder that holds Data/VID and Annotations/VID",
            reason=MISSING_ROOT,
        )
    for tree in ("Data", "Annotations"):
        if not (root / tree / "VID").is_dir():
            inner = next((p.parent.parent for p in sorted(root.glob(f"*/{tree}/VID"))), None)
            hint = f"Did you mean {inner}? " if inner else ""
            raise InputError(
                f"the dataset root {root} has no folder {tree}/VID",
                do=f"{hint}The root is the folder that holds Data/VID and Annotations/VID",
                reason="unknown layout",
            )
    dataset = Dataset(root)
    if not dataset.subsets:
        raise InputError(
            f"{root / 'Data' / 'VID'} holds no subset of ILSVRC2015 VID",
            do=f"Expected folders with videos: {', '.join(_AS_UNPACKED.values())}, or train/a .. train/e",
            reason="unknown layout",
        )
    return dataset


def _locate(base: Path, subset: str) -> Path | None:
    """The folder of a subset that holds videos, under either of its two names."""
    candidates = (base / _AS_UNPACKED[subset], base / "train" / subset)
    there = [folder for folder in candidates if any(_folder_names(folder))]
    if len(there) == 2 and not there[0].samefile(there[1]):
        raise InputError(
            f"subset {subset} is there twice: {there[0]} and {there[1]}",
            do="Remove or rename one of the two",
            reason="unknown layout",
        )
    return there[0] if there else None


def _folder_names(folder: Path) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.name[0] != "." and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _unreadable(folder, error) from error


def frame_numbers(names: Iterable[str], suffix: str) -> list[int]:
    """Numbers of the frames among file names, ascending: `000007.JPEG` is frame 7; other names count for nothing."""
    stems = (name[: -len(suffix)] for name in names if name.endswith(suffix))
    return sorted(int(stem) for stem in stems if _FRAME_STEM.fullmatch(stem))


def _numbers(folder: Path, suffix: str) -> list[int]:
    try:
        with os.scandir(folder) as entries:
            return frame_numbers((entry.name for entry in entries), suffix)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot read the folder {folder}: {error.strerror or error}",
        do="Mend its permissions or the disk, then run again",
        reason="unreadable file",
    )
