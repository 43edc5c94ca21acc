"""Parameters of the score stage."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from training.benchmark.results.formats.format_table import FORMATS
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.protocols import PROTOCOLS
from training.tracking.roster import TRACKERS

TRAINED = ("siamese", "online")
"""Trackers that the pipeline trains, or that train themselves on a first frame."""

LABELS = {name: row.label for name, row in TRACKERS.items()}
"""Names shown instead of those of result folders."""


def baseline(tracker: str) -> bool:
    """Whether a tracker of ours is a baseline: no training changes it, so its numbers tell nothing of a run."""
    return tracker in TRACKERS and tracker not in TRAINED


@parameters(frozen=True, kw_only=True, config=STRICT)
class ScoreConfig:
    """How results are scored and what the report shows.

    Parameters
    ----------
    protocol : str
        Whose rules one-pass evaluation follows (`protocols.PROTOCOLS`); papers follow matlab's.
    formats : tuple of str
        Formats of one's own of imported results: each a `format_row.Format`, named likewise.
    metrics : tuple of str
        Metrics of one's own besides ours: each a `metric_table.Metric`, named `module:NAME` or `path/file.py:NAME`.
    filmstrips : int
        Sequences shown frame by frame, of each benchmark: this many of the worst, and of the best.
    film_frames : int
        Frames of each.
    """

    protocol: Annotated[str, AfterValidator(PROTOCOLS.check)] = "matlab"
    formats: tuple[Annotated[str, AfterValidator(FORMATS.check)], ...] = ()
    metrics: tuple[Annotated[str, AfterValidator(METRICS.check)], ...] = ()
    filmstrips: int = Field(default=1, ge=0, le=10)
    film_frames: int = Field(default=6, ge=1, le=20)
