"""A part of a dataset, in place: its videos, as every stage after the manifest knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from curation.errors import InputError
from curation.layouts.layout_table import LAYOUTS, Layout, Video, layout_named
from curation.layouts.vid_layout import SUBSETS
from curation.outside import read_outside

MISSING_ROOT = "missing root"
"""`InputError.reason` where there is no raw data at all: no fault in a clone that has pulled its results."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@parameters(frozen=True, kw_only=True, config=STRICT)
class PartConfig:
    """What a part of the dataset is: a layout and a root, and what is taken of it.

    Parameters
    ----------
    layout : str
        One of `layout_table.LAYOUTS`, or one's own: `path/file.py:NAME`.
    root : str
        The setting that says where the data are; by default the layout's own or, if it has none, `roots.<part>`.
    split : str
        Which of the layout's: `train`, `val`, ..; by default its usual one, of VID the one of the part's name.
    every : int
        Keep every n-th annotated frame.
    leave_out : tuple of str
        Names of videos, or paths of texts that hold one a line (`lists/mine.txt`).
    without_cut : bool
        Leave out boxes that the border of the image cuts.
    """

    layout: Annotated[str, AfterValidator(LAYOUTS.check)] = "vid"
    root: str = ""
    split: str = ""
    every: int = Field(default=1, ge=1)
    leave_out: tuple[str, ...] = ()
    without_cut: bool = False

    @property
    def rules(self) -> dict[str, object]:
        """What else than files decides the tracks, where it is not the usual."""
        given = {"every": self.every, "without_cut": self.without_cut}
        return {name: value for name, value in given.items() if value != getattr(VID, name)}


VID = PartConfig()
"""What the parts a..e are."""


@dataclass(frozen=True)
class Dataset:
    """Opened data; make one with `open_dataset`."""

    root: Path
    part: PartConfig = field(default_factory=PartConfig)

    @property
    def layout(self) -> Layout:
        """How they lie."""
        return layout_named(self.part.layout)

    @property
    def subsets(self) -> tuple[str, ...]:
        """The splits that are there, the usual one first."""
        return self.layout.splits(self.root)

    def videos(self, name: str) -> list[Video]:
        """List the videos of the part of that name, sorted by theirs. Hidden folders are ignored.

        Raises
        ------
        InputError
            If its split is unknown, absent or empty, or a video has a name that is not plain (letters, digits and
            `_ . + -`) or that another one has; and as `Layout.find`.
        """
        there = self.subsets
        split = self.part.split or (name if self.part.layout == "vid" else there[0])
        if split not in there and not (self.part.layout == "vid" and split in SUBSETS):
            raise InputError(
                f"there is no subset {split!r} in {self.root} (layout {self.part.layout})",
                do=f"There is: {', '.join(there)}",
                reason="unknown subset",
            )
        left_out = self._left_out()
        found = sorted(self.layout.find(self.root, split), key=lambda video: video.name)
        names = [video.name for video in found]
        for one, following in zip(found, [*names[1:], ""], strict=True):
            if not _PLAIN_NAME.fullmatch(one.name):
                raise InputError(
                    f"the name of the video folder {one.name!r} in subset {name} ({one.folder.parent}) is not plain",
                    do="Rename it: letters, digits and _ . + - only",
                    reason="bad video name",
                )
            if one.name == following:
                raise InputError(
                    f"two videos of part {name} are called {one.name} ({one.folder})",
                    do="Rename one, or take only one of their splits",
                    reason="doubled video",
                )
        if stray := sorted(left_out - set(names)):
            raise InputError(
                f"part {name} leaves out {stray[0]}, and has no such video ({len(stray)} of {len(left_out)} names)",
                do=f"Correct dataset.parts.{name}.leave_out",
                reason="unknown video",
            )
        kept = [video for video in found if video.name not in left_out]
        if not kept:
            raise InputError(
                f"part {name} has no video in {self.root}",
                do=f"Point its root at the folder that holds {self.layout.holds}",
                reason="empty subset",
            )
        return [video._replace(subset=name, layout_name=self.part.layout) for video in kept]

    def _left_out(self) -> set[str]:
        names: set[str] = set()
        for entry in self.part.leave_out:
            if not entry.endswith(".txt"):
                names.add(entry)
                continue
            try:
                text = read_outside(Path(entry), limit=1 << 24, kind="a list of videos").decode()
            except (FileNotFoundError, UnicodeDecodeError):
                raise InputError(
                    f"{entry} is missing, or no text", do="Correct leave_out", reason="missing file"
                ) from None
            names.update(line.strip() for line in text.splitlines() if line.strip())
        return names


def open_dataset(root: Path, part: PartConfig = VID) -> Dataset:
    """Open the data at `root`.

    Raises
    ------
    InputError
        If `root` is missing (reason `MISSING_ROOT`), or holds another layout or no split (reason `"unknown layout"`).
        Which splits are there is `Dataset.subsets`.
    """
    dataset = Dataset(root, part)
    if not root.is_dir():
        raise InputError(
            f"the dataset root {root} is missing or is not a folder",
            do=f"Point the dataset root at the folder that holds {dataset.layout.holds}",
            reason=MISSING_ROOT,
        )
    if not dataset.subsets:
        raise InputError(
            f"{root} holds no subset of the layout {part.layout}",
            do=f"Point the dataset root at the folder that holds {dataset.layout.holds}",
            reason="unknown layout",
        )
    return dataset
