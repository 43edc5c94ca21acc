"""What the report is made of: plain values that a shell collects. What is left out leaves its section out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.benchmark.report.published import Published, published_numbers
from training.benchmark.report.speeds import NO_SPEEDS, Speeds
from training.benchmark.scores.score_document import Scores
from training.epochs import EpochRow


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the page.

    Parameters
    ----------
    image : Path
        A JPEG or PNG file.
    alt : str
        What it shows, for those who do not see it.
    caption : str
        One sentence below it.
    columns : sequence of str
        Heads to stand above it, where it is made of columns of equal width.
    """

    image: Path
    alt: str
    caption: str = ""
    columns: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class FilmFrame:
    """One frame of a filmstrip.

    Parameters
    ----------
    number : int
        1-based position in the sequence.
    image : Path or (H, W, 3) uint8 BGR array
    truth : (4,) or (8,) float64
        xywh or polygon corners, 0-based, pixels of the whole frame; NaN where the target is absent.
    boxes : mapping of tracker to (4,) or (8,) float64
        The same for each tracker that has a box in this frame.
    """

    number: int
    image: Path | NDArray[Any]
    truth: NDArray[np.float64]
    boxes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Filmstrip:
    """Some frames of one sequence, and how well each tracker did in all of them.

    Parameters
    ----------
    benchmark, sequence : str
    why : str
        Why it is shown: `"worst"`, `"best"`, or any other word.
    frames : sequence of FilmFrame
    overlaps : mapping of tracker to (N,) float64
        Overlap with the ground truth (intersection over union) in every frame of the sequence; NaN where
        there is none to measure.
    note : str
        A sentence shown beside its name.
    """

    benchmark: str
    sequence: str
    why: str
    frames: Sequence[FilmFrame]
    overlaps: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """Everything on the page; only `scores` is needed.

    Parameters
    ----------
    scores : mapping of benchmark to Scores
        In the order of the page.
    title : str
    labels : mapping of tracker to str
        Names to show instead of the names of result folders.
    imported : sequence of str
        Trackers whose result files somebody else made.
    synthetic : bool
        Whether the sequences are the built-in ones: published numbers are then shown apart, since they were
        measured on the real benchmarks.
    own : sequence of str
        Benchmarks with sequences of the user's own: nothing is published of them, whatever their name.
    speeds : Speeds
        How fast the trackers that ran here were, and on what machine.
    filmstrips : sequence of Filmstrip
    curves : sequence of EpochRow
        What training recorded, a row an epoch.
    training_pictures : sequence of Picture
        Pictures made while training (augmented pairs, label maps).
    parts : mapping of part to mapping
        What each part of the dataset gave to training: `pairs`, their `share` of all, `videos`.
    quality : sequence of Picture
        Contact sheets of crops and distributions of the curated data.
    pipeline : Path or None
        An SVG file that shows the stages.
    parameters : str
        The file of the parameters in force.
    digests : mapping of str to str
        What made the page: files or stages and their digests.
    """

    scores: Mapping[str, Scores]
    title: str = "Tracking report"
    labels: Mapping[str, str] = field(default_factory=dict)
    imported: Sequence[str] = ()
    synthetic: bool = False
    own: Sequence[str] = ()
    speeds: Speeds = NO_SPEEDS
    filmstrips: Sequence[Filmstrip] = ()
    curves: Sequence[EpochRow] = ()
    training_pictures: Sequence[Picture] = ()
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    quality: Sequence[Picture] = ()
    pipeline: Path | None = None
    parameters: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def published(self) -> list[Published]:
        """The published numbers that belong beside these scores."""
        return published_numbers(() if self.synthetic else self.own)
