"""Scores by hand, for readers of them."""

from __future__ import annotations

from typing import Any

from training.benchmark.scores.score_document import Scores, TrackerScores
from training.benchmark.scores.score_file import parse_numbers


def scored(name: str = "otb2013", *, kind: str = "ope", trackers: dict[str, Any], **more: Any) -> Scores:
    """Scores of trackers, each given as its overall numbers (JSON values) or whole."""
    whole = {
        tracker: found if isinstance(found, TrackerScores) else TrackerScores(overall=parse_numbers(found))
        for tracker, found in trackers.items()
    }
    about = {"title": name, "protocol": "vot2016" if kind == "vot" else "matlab", **more}
    return Scores(name=name, kind=kind, trackers=whole, **about)


def tracked(overall: dict[str, Any], **more: Any) -> TrackerScores:
    """A tracker's scores from JSON values; `sequences` and `attributes` too."""
    for key in ("sequences", "attributes"):
        more[key] = {name: parse_numbers(numbers) for name, numbers in more.get(key, {}).items()}
    return TrackerScores(overall=parse_numbers(overall), **more)
