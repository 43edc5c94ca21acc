"""Parameters of the score stage."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from curation.config import STRICT, parameters
from training.benchmark.report.ranking import leader
from training.benchmark.results.formats.format_table import FORMATS
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.protocols import PROTOCOLS
from training.benchmark.scores.score_document import Scores
from training.tracking.roster import TRACKERS

TRAINED = ("siamese", "online")
"""Trackers that the pipeline trains, or that train themselves on a first frame. The best of them leads the report."""

LABELS = {name: row.label for name, row in TRACKERS.items()}
"""Names shown instead of those of result folders."""


def leading(scores: Mapping[str, Scores], imported: Collection[str] = ()) -> str:
    """The best of `TRAINED` (`online-0`, `online-1`, ... too) in the scores of all benchmarks, by their headlines."""
    names = {name for document in scores.values() for name in document.trackers if name not in imported}
    trained = sorted(name for name in names if re.sub(r"-\d+$", "", name) in TRAINED)
    return leader(list(scores.values()), trained) or TRAINED[0]


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
