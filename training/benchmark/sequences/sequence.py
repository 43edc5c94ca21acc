"""A sequence and a benchmark in memory.

Files of OTB, Temple-Color and UAV123 are 1-based: the top-left pixel is (1, 1). In memory
everything is 0-based; `Sequence.annotation` keeps the numbers as they are in the file, because two
protocols look at their sign and because IoU is then computed from the very floats the authors' tools use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curation.digests.reading import Reading
from curation.errors import InputError
from curation.rows import unknown_name
from training.benchmark.arrays import Array
from training.benchmark.sequences.anchors import Anchor


@dataclass(frozen=True, eq=False)
class Sequence:
    """One target in one video: its frames and its ground truth.

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
        Coordinate of the top-left pixel in the file: 1 (OTB, Temple-Color, UAV123) or 0 (VOT).
    attributes : tuple of str
        Tags of the whole sequence (OTB, UAV123).
    first_frame : int
        Image number of row 0.
    lead_in : (L, 4) float64
        Rows of the annotation file before the start of one-pass evaluation (5 rows for Tiger1).
    trimmed : int
        Such rows that the list promises and the annotation file lacks (Tiger1 cut to one-pass evaluation: 5).
    omit : tuple of (int, int)
        Image numbers, both included, where TRE does not start (the target is occluded).
    names : dict of str
        The sequence's name in the files of a toolkit (`matlab`, `pysot`, `pytracking`), where it differs.
    aliases : tuple of str
        More names in other people's files.
    tags : dict of (N,) bool
        Per-frame tags (VOT).
    absent : (N,) bool or None
        Frames in which the target is wholly occluded or out of view, where the benchmark says so (LaSOT, GOT-10k).
    anchors : tuple of Anchor
        Where the multistart experiment starts (VOT2020 to 2022); empty for other benchmarks.
    listed_size : (int, int) or None
        Frame width and height, if the list knows it.
    first_image : Path or None
        An image to take the size from where the frames were not asked for.
    annotation_files : tuple of Path
        The files that the annotation and the tags were read from.
    reading : Reading
        What they held then.
    """

    name: str
    frames: tuple[Path, ...]
    annotation: Array
    base: int = 1
    attributes: tuple[str, ...] = ()
    first_frame: int = 1
    lead_in: Array = field(default_factory=lambda: np.empty((0, 4)))
    trimmed: int = 0
    omit: tuple[tuple[int, int], ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    absent: NDArray[np.bool_] | None = None
    anchors: tuple[Anchor, ...] = ()
    listed_size: tuple[int, int] | None = None
    first_image: Path | None = None
    annotation_files: tuple[Path, ...] = ()
    reading: Reading = field(default_factory=Reading)

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
        path = self.frames[0] if self.frames else self.first_image
        if path is None:
            raise InputError(
                f"{self.name}: the frame size is not known",
                do="Give a root with the images, or `size` in the list",
                reason="missing image",
            )
        from curation.images.image import AS_STORED, read_image

        height, width = read_image(path, AS_STORED, do="Unpack the sequence again").shape[:2]
        return width, height


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A benchmark found on this machine.

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
    invalid_rows : bool
        Whether the authors' own code has a rule for rows of the ground truth with a number <= 0; not for
        Temple-Color-128.
    eao_interval : (int, int) or None
        First and last length over which EAO averages (VOT), where the list says so.
    result_folders : tuple of str
        Names of a folder of its results, beside its own: got10k's first.
    protocol : str
        The protocol of its own authors; empty: OTB's.
    given_away : bool
        Whether its truth is there to score with; else a server has it.
    metrics : tuple of str
        Its own metrics, by name in `metric_table.METRICS` or by the place of their code; the first ranks its trackers.
        Empty: those of its kind and protocol.
    own : bool
        Whether its sequences are not those of the packaged list of its name: nothing is published of it.
    """

    name: str
    title: str
    kind: Literal["ope", "vot"]
    sequences: list[Sequence]
    missing: list[str] = field(default_factory=list)
    attributes: tuple[str, ...] = ()
    absent_rows: bool = False
    invalid_rows: bool = True
    eao_interval: tuple[int, int] | None = None
    result_folders: tuple[str, ...] = ()
    protocol: str = ""
    given_away: bool = True
    metrics: tuple[str, ...] = ()
    own: bool = False

    @property
    def partial(self) -> bool:
        return bool(self.missing)

    @property
    def base(self) -> int:
        """Coordinate of the top-left pixel in the benchmark's files, and in result files for it."""
        return next((sequence.base for sequence in self.sequences), 0 if self.kind == "vot" else 1)

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
