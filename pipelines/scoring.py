"""Parameters of the score stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from curation.errors import STRICT, parameters
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
    protocol : {"matlab", "got10k", "pysot"}
        Whose rules one-pass evaluation follows (training/benchmark/README.md); papers follow matlab's.
    filmstrips : int
        Sequences shown frame by frame, of each benchmark: so many of the worst, and as many of the best.
    film_frames : int
        Frames of each.
    """

    protocol: Literal["matlab", "got10k", "pysot"] = "matlab"
    filmstrips: int = Field(default=1, ge=0, le=10)
    film_frames: int = Field(default=6, ge=1, le=20)
