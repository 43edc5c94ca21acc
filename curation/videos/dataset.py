"""A part of a dataset, in place: its videos as later stages see them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
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

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")


@parameters(frozen=True, kw_only=True, config=STRICT)
class PartConfig:
    """A part of the dataset: its layout, its root, and what is taken of it.

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
        Names of videos, paths of texts that hold one a line (`lists/mine.txt`), or names of lists of test videos
        (`vot_overlap`, `lasot`, and every other packaged benchmark).
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
        """The options that decide the tracks besides the files, where they differ from VID's."""
        given = {"every": self.every, "without_cut": self.without_cut}
        return {name: value for name, value in given.items() if value != getattr(VID, name)}


VID = PartConfig()
"""What the parts a..e are."""


@dataclass(frozen=True)
class Dataset:
    """Opened data; make one with `open_dataset`."""

    root: Path
    part: PartConfig = field(default_factory=PartConfig)
    lists: Mapping[str, Callable[[str], bool]] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """Their layout."""
        return layout_named(self.part.layout)

    @property
    def subsets(self) -> tuple[str, ...]:
        """The splits that are there, the usual one first."""
        return self.layout.splits(self.root)

    def left_out(self, name: str) -> dict[str, int]:
        """How many videos of the part of that name its `leave_out` leaves out: by each list, and `named`."""
        count = Counter(self._why(video.name) for video in self._found(name)) if self.part.leave_out else {}
        return {why: count[why] for why in sorted(count) if why}

    def videos(self, name: str) -> list[Video]:
        """List the videos of the part of that name, sorted by theirs. Hidden folders are ignored.

        Raises
        ------
        InputError
            If its split is unknown, absent or empty, or a video has a name that is not plain (letters, digits and
            `_ . + -`) or that another one has; and as `Layout.find`.
        """
        found = self._found(name)
        kept = [video for video in found if not self._why(video.name)]
        if not kept:
            raise InputError(
                f"part {name} leaves out all its {len(found)} videos"
                if found
                else f"part {name} has no video in {self.root}",
                do=f"Correct dataset.parts.{name}.leave_out, or take {name} out of dataset.subsets"
                if found
                else f"Point its root at the folder that holds {self.layout.holds}",
                reason="empty subset",
            )
        return [video._replace(subset=name, layout_name=self.part.layout) for video in kept]

    def _found(self, name: str) -> list[Video]:
        """All of them, with those that are left out."""
        there = self.subsets
        split = self.part.split or (name if self.part.layout == "vid" else there[0])
        if split not in there and not (self.part.layout == "vid" and split in SUBSETS):
            raise InputError(
                f"there is no subset {split!r} in {self.root} (layout {self.part.layout})",
                do=f"There is: {', '.join(there)}",
                reason="unknown subset",
            )
        found = sorted(self.layout.find(self.root, split), key=lambda video: video.name)
        names = [video.name for video in found]
        for one, following in zip(found, [*names[1:], ""], strict=False):
            if not _PLAIN_NAME.fullmatch(one.name):
                raise InputError(
                    f"the name of the video folder {one.name!r} in subset {name} ({one.folder.parent}) is not plain",
                    do="Rename it: letters, digits and _ . + - only, and no dot first",
                    reason="bad video name",
                )
            if one.name == following:
                raise InputError(
                    f"two videos of part {name} are called {one.name} ({one.folder})",
                    do="Rename one, or take only one of their splits",
                    reason="doubled video",
                )
        if stray := sorted(self._named - set(names)):
            raise InputError(
                f"part {name} has no video {stray[0]} to leave out ({len(stray)} of {len(self._named)} names)",
                do=f"Correct dataset.parts.{name}.leave_out",
                reason="unknown video",
            )
        return found

    def _why(self, video: str) -> str:
        """What leaves a video out; empty where nothing does."""
        by_list = (name for name, names in self.lists.items() if names(video))
        return "named" if video in self._named else next(by_list, "")

    @cached_property
    def _named(self) -> frozenset[str]:
        """Names of videos that are to be left out."""
        names: set[str] = set()
        for entry in self.part.leave_out:
            if entry in self.lists:
                continue
            if not entry.endswith(".txt"):
                names.add(entry)
                continue
            try:
                text = read_outside(Path(entry), limit=1 << 24, kind="a list of videos").decode("utf-8-sig")
            except (FileNotFoundError, UnicodeDecodeError):
                raise InputError(
                    f"{entry} is missing or is not text", do="Correct leave_out", reason="missing file"
                ) from None
            names.update(line.strip() for line in text.splitlines() if line.strip())
        return frozenset(names)


def open_dataset(
    root: Path, part: PartConfig = VID, lists: Mapping[str, Callable[[str], bool]] | None = None
) -> Dataset:
    """Open the data at `root`.

    Parameters
    ----------
    root : Path
    part : PartConfig
    lists : mapping, optional
        Lists of videos that `part.leave_out` may name: from the name of a list to what tells whether a video is on it.

    Raises
    ------
    InputError
        If `root` is missing (reason `MISSING_ROOT`), or holds another layout or no split (reason `"unknown layout"`).
        Which splits are there is `Dataset.subsets`.
    """
    dataset = Dataset(root, part, lists or {})
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
