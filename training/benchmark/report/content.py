"""What the report is made of: plain values that a shell collects. What is left out leaves its section out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.benchmark.report.published import Published, published_numbers


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the page.

    Parameters
    ----------
    image : Path or array
        A JPEG or PNG file; or (H, W, 3) uint8 BGR; or (H, W) float, a map shown in false colours from its
        smallest to its largest value.
    alt : str
        What it shows, for those who do not see it.
    caption : str
        One sentence below it.
    """

    image: Path | NDArray[Any]
    alt: str
    caption: str = ""


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
        A sentence to stand beside its name.
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
    scores : mapping of benchmark to score document
        As `training.benchmark.score.score_benchmark` returns them, in the order of the page.
    title : str
    trained : str
        The tracker whose margins over the others are given, and whose best and worst sequences are shown;
        it need not be in `scores`.
    labels : mapping of tracker to str
        Names to show instead of the names of result folders.
    imported : sequence of str
        Trackers whose result files somebody else made.
    synthetic : bool
        Whether the sequences are the built-in ones: published numbers are then shown apart, since they were
        measured on the real benchmarks.
    own : sequence of str
        Benchmarks with sequences of the user's own: nothing is published of them, whatever their name.
    speeds : mapping of benchmark to mapping of tracker to float
        Mean frames per second, where known.
    filmstrips : sequence of Filmstrip
    responses : sequence of Picture
        Response maps.
    curves : sequence of mapping
        One row an epoch: `epoch` and any of `loss`, `val_loss`, `lr`, `centre_error` (pixels).
    training_pictures : sequence of Picture
        Pictures made while training (augmented pairs, label maps).
    quality : sequence of Picture
        Contact sheets of crops and distributions of the curated data.
    graph : str
        What `dvc dag --dot` prints.
    parameters : mapping
        Parameters in force, by section; may be nested.
    digests : mapping of str to str
        What made the page: files or stages and their digests.
    """

    scores: Mapping[str, Mapping[str, Any]]
    title: str = "Tracking report"
    trained: str = "siamese"
    labels: Mapping[str, str] = field(default_factory=dict)
    imported: Sequence[str] = ()
    synthetic: bool = False
    own: Sequence[str] = ()
    speeds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    filmstrips: Sequence[Filmstrip] = ()
    responses: Sequence[Picture] = ()
    curves: Sequence[Mapping[str, float]] = ()
    training_pictures: Sequence[Picture] = ()
    quality: Sequence[Picture] = ()
    graph: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def published(self) -> list[Published]:
        """The published numbers that belong beside these scores."""
        return published_numbers(() if self.synthetic else self.own)
