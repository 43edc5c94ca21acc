"""Sequences of the five benchmarks, read in place as their authors distribute them.

Files of OTB's kind (OTB, Temple-Color, UAV123) are 1-based: the top-left pixel is (1, 1). In memory
everything is 0-based; `Sequence.annotation` keeps the numbers as they stand in the file, because two
protocols look at their sign and because IoU is then computed from the very floats the authors' tools use.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.layouts import Home, find_frames, find_homes, find_sequence, read_tags, tag_files
from training.benchmark.listing import BENCHMARKS, Entry, Listing, load_listing
from training.benchmark.problems import Collected, unknown_name
from training.benchmark.regions import crossed, polygon_area
from training.benchmark.tables import parse_rows, read_text

__all__ = ["BENCHMARKS", "Benchmark", "Sequence", "load_benchmark", "load_folder"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sequence:
    """One target in one video: frames to track and where it truly is.

    Attributes
    ----------
    name : str
        As the benchmark's authors write it (`Jogging.1`).
    frames : tuple of Path
        Image files, N of them, in order; empty if the benchmark was loaded without images.
    annotation : (N, 4) or (N, 8) float64
        `x y w h`, or corners `x1 y1 .. x4 y4`, in the file's own coordinates; NaN rows where the
        target is absent.
    base : int
        Coordinate of the top-left pixel in the file: 1 (OTB's kind) or 0 (VOT).
    attributes : tuple of str
        Tags of the whole sequence (OTB, UAV123).
    first_frame : int
        Image number of row 0.
    lead_in : (L, 4) float64
        Rows of the annotation file before the start of one-pass evaluation (5 rows for Tiger1).
    omit : tuple of (int, int)
        Image numbers, both included, where TRE does not start (the target is occluded).
    aliases : tuple of str
        The sequence's name in other people's files.
    tags : dict of (N,) bool
        Per-frame tags (VOT).
    listed_size : (int, int) or None
        Frame width and height, if the list knows it.
    annotation_files : tuple of Path
        The files that the annotation and the tags were read from.
    """

    name: str
    frames: tuple[Path, ...]
    annotation: Array
    base: int = 1
    attributes: tuple[str, ...] = ()
    first_frame: int = 1
    lead_in: Array = field(default_factory=lambda: np.empty((0, 4)))
    omit: tuple[tuple[int, int], ...] = ()
    aliases: tuple[str, ...] = ()
    tags: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    listed_size: tuple[int, int] | None = None
    annotation_files: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.annotation)

    @cached_property
    def ground_truth(self) -> Array:
        """(N, 4) `x y w h` or (N, 8) corners, float64, 0-based."""
        return to_base(self.annotation, self.base, 0)

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame in pixels, from the list or else from the first image."""
        if self.listed_size is not None:
            return self.listed_size
        if not self.frames:
            raise InputError(
                f"{self.name}: the frame size is not known",
                do="Give a root with the images, or `size` in the list",
                reason="missing image",
            )
        import cv2

        image = cv2.imread(str(self.frames[0]))
        if image is None:
            raise InputError(
                f"{self.frames[0]} is not an image", do="Unpack the sequence again", reason="bad image"
            )
        return int(image.shape[1]), int(image.shape[0])


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A benchmark as found on this machine.

    Attributes
    ----------
    name, title : str
        `"otb2015"`, `"OTB-2015"`.
    kind : {"ope", "vot"}
        Which family of scores applies.
    sequences : list of Sequence
        Those found, in the list's order.
    missing : list of str
        Names in the list that no root holds: every score of this benchmark is partial.
    attributes : tuple of str
        Order of attributes (of per-frame tags for VOT) in tables.
    absent_rows : bool
        Whether NaN rows of the ground truth mean that the target is absent (UAV123).
    """

    name: str
    title: str
    kind: Literal["ope", "vot"]
    sequences: list[Sequence]
    missing: list[str] = field(default_factory=list)
    attributes: tuple[str, ...] = ()
    absent_rows: bool = False

    @property
    def partial(self) -> bool:
        return bool(self.missing)

    @property
    def base(self) -> int:
        """Coordinate of the top-left pixel in the benchmark's files, and in result files for it."""
        return 0 if self.kind == "vot" else 1

    def __getitem__(self, name: str) -> Sequence:
        for sequence in self.sequences:
            if sequence.name == name:
                return sequence
        raise unknown_name(f"sequence of {self.title}", name, [sequence.name for sequence in self.sequences])


def to_base(boxes: Array, current: int, wanted: int) -> Array:
    """Boxes (N, 4) `x y w h` or polygons (N, 2V) of base `current`, as a copy of base `wanted`."""
    moved = boxes.copy()
    moved[:, slice(None, 2) if boxes.shape[1] == 4 else slice(None)] += wanted - current
    return moved


def load_benchmark(name: str, roots: Items[Path], *, images: bool = True, whole: bool = False) -> Benchmark:
    """Find a benchmark's sequences under one or several roots. Nothing is ever downloaded, moved or written.

    Parameters
    ----------
    name : str
        One of `BENCHMARKS`, or `"otb50"`.
    roots : sequence of Path
        Folders that hold the sequences, or hold the benchmark's own folder; the first with a sequence wins.
        A file `<root>/<name>.json` takes the place of the packaged list.
    images : bool
        Require the frames. Without them a folder of bare annotation files (`<root>/<sequence>.txt`) will do:
        enough for scoring somebody's result files.
    whole : bool
        Keep the rows before the start of one-pass evaluation (Tiger1 1-5), as got10k and vot-toolkit do.

    Raises
    ------
    InputError
        If a root does not exist, no sequence at all is found, or something found is damaged: each sequence
        with a problem is named. A sequence that is not there at all is listed in `Benchmark.missing`.
    """
    for root in roots:
        if not root.is_dir():
            raise InputError(
                f"{name}: the root {root} does not exist",
                do="Give the folder with the sequences",
                reason="missing root",
            )
    overrides = [root / f"{name}.json" for root in roots if (root / f"{name}.json").is_file()]
    listing = load_listing(name, overrides[0] if overrides else None)
    homes = find_homes(roots, listing.folders)
    sequences, missing = [], []
    problems = Collected()
    for entry in listing.sequences:
        with problems.catching():
            found = _load_sequence(entry, listing, homes, images=images, whole=whole)
            if found is None:
                missing.append(entry.name)
            else:
                sequences.append(found)
    problems.check(f"{listing.title} under {_list(roots)}", do="Unpack these sequences again")
    if not sequences:
        raise InputError(
            f"no sequence of {listing.title} found under {_list(roots)}",
            do=f"Give the folder that holds {listing.sequences[0].folder}/, or {listing.folders[0]}/",
            reason="missing benchmark",
        )
    return Benchmark(
        listing.benchmark,
        listing.title,
        listing.kind,
        sequences,
        missing,
        listing.attributes,
        listing.absent_rows,
    )


def load_folder(folder: Path, *, kind: Literal["ope", "vot"] | None = None) -> Sequence:
    """One sequence that is on no list, from its own folder in OTB's or VOT's layout.

    Every image counts, from the first number to the last; the annotation must have as many rows.
    """
    flat = (folder / "groundtruth.txt").is_file()
    kind = kind or ("vot" if flat else "ope")
    entry = Entry(
        name=folder.name,
        folder=folder.name,
        gt_file="groundtruth.txt" if flat else "groundtruth_rect.txt",
        image="%08d.jpg" if kind == "vot" else "img/%04d.jpg",
    )
    tags = load_listing("vot2016").attributes if kind == "vot" else ()
    listing = Listing(
        schema=1,
        benchmark=folder.name,
        title=folder.name,
        kind=kind,
        folders=(),
        attributes=tags,
        sequences=(entry,),
    )
    found = _load_sequence(entry, listing, find_homes([folder.parent], ()), images=True, whole=True)
    if found is None:
        raise InputError(
            f"{folder} holds no {entry.gt_file}",
            do="Give a folder in OTB's or VOT's layout",
            reason="missing file",
        )
    return found


def _list(roots: Iterable[Path]) -> str:
    return ", ".join(str(root) for root in roots)


def _load_sequence(
    entry: Entry, listing: Listing, homes: list[Home], *, images: bool, whole: bool
) -> Sequence | None:
    place = find_sequence(entry, homes, images=images)
    if place is None:
        return None
    rows = parse_rows(
        read_text(place.annotation), place.annotation, widths=(4, 8) if listing.kind == "vot" else (4,)
    )
    if len({len(row) for row in rows}) != 1:
        raise InputError(
            f"{entry.name}: {place.annotation} is empty or mixes boxes and polygons",
            do="Unpack the sequence again",
            reason="bad annotation",
        )
    annotation = np.array(rows, dtype=np.float64)
    first = entry.start_frame
    lead = _check_rows(entry, place.annotation, annotation)
    frames: tuple[Path, ...] = ()
    if images and place.frames is not None:
        last = entry.end_frame
        frames = find_frames(entry, place.frames, first=first + (entry.lead_in - lead), last=last)
        if len(frames) != len(annotation):
            raise InputError(
                f"{entry.name}: {len(frames)} images in {place.frames} "
                f"but {len(annotation)} rows in {place.annotation.name}",
                do="One row a frame is expected",
                reason="wrong length",
            )
    first += entry.lead_in - lead
    tags = {}
    if listing.kind == "vot":
        tags = read_tags(place.annotation.parent, listing.attributes, len(annotation))
        _check_polygons(place.annotation, annotation)
    if whole:
        lead = 0
    if not np.isfinite(annotation[lead]).all() or (
        annotation.shape[1] == 4 and annotation[lead, 2:].min() <= 0
    ):
        raise InputError(
            f"{entry.name}: {place.annotation}, line {lead + 1}: "
            f"a tracker cannot start on {annotation[lead].tolist()}",
            do="Unpack the sequence again",
            reason="bad annotation",
        )
    return Sequence(
        name=entry.name,
        frames=frames[lead:],
        annotation=annotation[lead:],
        base=listing.base,
        attributes=entry.attributes,
        first_frame=first + lead,
        lead_in=annotation[:lead],
        omit=entry.init_omit,
        aliases=entry.aliases,
        tags=tags,
        listed_size=entry.size,
        annotation_files=(place.annotation, *tag_files(place.annotation.parent, tuple(tags))),
    )


def _check_rows(entry: Entry, path: Path, annotation: Array) -> int:
    """Number of lead-in rows in the file, after checking its length against the list."""
    if np.isnan(annotation).all():
        raise InputError(
            f"{entry.name}: every row of {path} is NaN",
            do="Unpack the sequence again",
            reason="bad annotation",
        )
    if entry.rows is None or len(annotation) == entry.rows:
        return entry.lead_in
    if entry.lead_in and len(annotation) == entry.rows - entry.lead_in:
        return 0
    raise InputError(
        f"{entry.name}: {path} has {len(annotation)} rows, "
        f"but frames {entry.start_frame} to {entry.end_frame} are {entry.rows}",
        do="Unpack the sequence again, or correct the list",
        reason="wrong length",
    )


def _check_polygons(path: Path, annotation: Array) -> None:
    if annotation.shape[1] != 8:
        return
    for fault, bad in (
        ("has no area", polygon_area(annotation) == 0),
        ("has crossed edges", crossed(annotation)),
    ):
        if bad.any():
            raise InputError(
                f"{path}, line {int(np.argmax(bad)) + 1}: the polygon {fault} ({int(bad.sum())} such rows)",
                do="Unpack the sequence again",
                reason="bad annotation",
            )
