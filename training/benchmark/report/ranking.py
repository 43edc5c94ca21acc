"""Who comes first: trackers by their headline numbers, over one benchmark or several."""

from __future__ import annotations

from collections.abc import Sequence

from training.benchmark.scores.metric_table import Metric
from training.benchmark.scores.score_document import Scores, rank


def mean_over(documents: Sequence[Scores], name: str, metric: Metric) -> float | None:
    """Unweighted mean of a tracker's overall numbers; None unless it has one of every sequence of each benchmark."""
    values = [document.number(name, metric) for document in documents if document.whole(name)]
    known = [found for found in values if found is not None]
    return sum(known) / len(known) if known and len(known) == len(documents) else None


def order(documents: Sequence[Scores], name: str) -> tuple[int, float, str]:
    """A key that sorts trackers by the mean of their headline numbers, best first, incomplete ones last."""
    found = [document.number(name, document.headline) for document in documents]
    known = [number for number in found if number is not None]
    lacking = sum(
        number is None or not document.whole(name) for number, document in zip(found, documents, strict=True)
    )
    return lacking, rank(sum(known) / len(known) if known else None), name


def leader(documents: Sequence[Scores]) -> str:
    """The first of all trackers by `order`; empty without any."""
    names = {name for document in documents for name in document.trackers}
    return min(names, key=lambda name: order(documents, name), default="")


def compete(documents: Sequence[Scores], name: str) -> bool:
    """Whether a tracker is ranked: it has a result for every sequence of one of its benchmarks."""
    there = [document for document in documents if name in document.trackers]
    return not there or any(document.whole(name) for document in there)
