"""Parameters of the score stage."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from curation.errors import STRICT, parameters
from training.benchmark.formats.format_table import FORMATS
from training.benchmark.metric_table import METRICS
from training.benchmark.protocols import PROTOCOLS
from training.tracking.roster import TRACKERS

TRAINED = "siamese"
"""The tracker that the pipeline trains; the report gives its margins and shows its best and worst."""

LABELS = {name: row.label for name, row in TRACKERS.items()}
"""Names shown instead of those of result folders."""


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
        Sequences shown frame by frame, of each benchmark: so many of the worst, and as many of the best.
    film_frames : int
        Frames of each.
    """

    protocol: Annotated[str, AfterValidator(PROTOCOLS.check)] = "matlab"
    formats: tuple[Annotated[str, AfterValidator(FORMATS.check)], ...] = ()
    metrics: tuple[Annotated[str, AfterValidator(METRICS.check)], ...] = ()
    filmstrips: int = Field(default=1, ge=0, le=10)
    film_frames: int = Field(default=6, ge=1, le=20)
