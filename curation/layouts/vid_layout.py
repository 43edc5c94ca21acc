"""The ILSVRC2015 VID tree, read in place in either of its two forms.

As unpacked, and as the SiamFC and DSLT instructions have users move and rename it by hand:

    Data/VID/train/ILSVRC2015_VID_train_0000 .. 0003, Data/VID/val      subsets a .. d, e
    Data/VID/train/a .. e                                               the same subsets

with the same folders under `Annotations/VID`. Either gives the same videos under the same names, so
nothing downstream depends on the form or on where the tree lies. The fifth training pack of the 2017 release,
`train/ILSVRC2017_VID_train_0000`, is a split of that name. Images may end in something else than .JPEG.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from curation.digests.file_groups import Folder
from curation.errors import InputError
from curation.layouts.frame_xml import parse
from curation.layouts.layout_table import IMAGES, Layout, Parse, Video, folder_names, number_frames

SUBSETS = ("a", "b", "c", "d", "e")
"""Splits: a..d are ILSVRC2015_VID_train_0000..0003, e is val."""

FORM = "%06d"

_LATER = re.compile(r"ILSVRC20\d\d_VID_train_\d{4}")
_AS_UNPACKED = {
    **{subset: f"train/ILSVRC2015_VID_train_{part:04d}" for part, subset in enumerate(SUBSETS[:4])},
    "e": "val",
}


def _subsets(root: Path) -> tuple[str, ...]:
    for tree in ("Data", "Annotations"):
        if not (root / tree / "VID").is_dir():
            inner = next((p.parent.parent for p in sorted(root.glob(f"*/{tree}/VID"))), None)
            hint = f"Did you mean {inner}? " if inner else ""
            raise InputError(
                f"the dataset root {root} has no folder {tree}/VID",
                do=f"{hint}The root is the folder that holds Data/VID and Annotations/VID",
                reason="unknown layout",
            )
    base = root / "Data" / "VID"
    later = sorted(
        name
        for name in folder_names(base / "train")
        if _LATER.fullmatch(name) and f"train/{name}" not in _AS_UNPACKED.values()
    )
    there = tuple(subset for subset in (*SUBSETS, *later) if _locate(base, subset) is not None)
    if not there:
        raise InputError(
            f"{root / 'Data' / 'VID'} holds no subset of ILSVRC2015 VID",
            do=f"Expected folders with videos: {', '.join(_AS_UNPACKED.values())}, or train/a .. train/e",
            reason="unknown layout",
        )
    return there


def _find(root: Path, subset: str) -> Iterable[Video]:
    """Folders under `Data/VID` or `Annotations/VID`: either one makes a video, so a missing partner is noticed."""
    frames, annotations = (_folder(root / tree / "VID", subset) for tree in ("Data", "Annotations"))
    for name in {*folder_names(frames), *folder_names(annotations)}:
        yield Video(name, Folder(frames / name, IMAGES, ".JPEG"), Folder(annotations / name, (".xml",)))


def _folder(base: Path, subset: str) -> Path:
    folder = _locate(base, subset)
    if folder is None:
        raise InputError(
            f"subset {subset} has no videos: neither {base / _unpacked(subset)} nor "
            f"{base / 'train' / subset} holds a folder",
            do="Unpack that part of ILSVRC2015 VID, or leave the subset out",
            reason="empty subset",
        )
    return folder


def _unpacked(subset: str) -> str:
    return _AS_UNPACKED.get(subset, f"train/{subset}")


def _locate(base: Path, subset: str) -> Path | None:
    """The folder of a subset that holds videos, under either of its two names."""
    candidates = (base / _unpacked(subset), base / "train" / subset)
    there = [folder for folder in candidates if any(folder_names(folder))]
    if len(there) == 2 and not there[0].samefile(there[1]):
        raise InputError(
            f"subset {subset} is there twice: {there[0]} and {there[1]}",
            do="Remove or rename one of the two",
            reason="unknown layout",
        )
    return there[0] if there else None


def _parse(video: Video, contents: Mapping[str, bytes]) -> Mapping[int, Parse]:
    numbers = number_frames(contents, FORM, str(video.folder))
    return {
        number: partial(parse, contents[name], video.annotations.path_of(name))
        for number, name in numbers.items()
    }


VID = Layout("Data/VID and Annotations/VID", _subsets, _find, _parse, FORM, words=("JPEG", "XML"), sized=True)
