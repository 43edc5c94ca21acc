"""By how much the trained tracker leads, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from training.benchmark.comparison import FEWEST, paired_bootstrap
from training.benchmark.metric_table import METRICS
from training.benchmark.report.palette import Series
from training.benchmark.report.reading import Scores, value
from training.benchmark.report.tables import Cell, Head, Row, Table, tracker_row

AUC = METRICS["auc"]


def margins(documents: Sequence[Scores], series: Mapping[str, Series], trained: str) -> Table | None:
    """AUC of the trained tracker minus AUC of each other one, on every benchmark of one-pass evaluation.

    Below a difference stands its 95 % interval (`comparison.paired_bootstrap` over the sequences); a
    difference is set off if the interval does not hold 0. None without the tracker or without others.
    """
    passes = [document for document in documents if document.kind == "ope" and trained in document.trackers]
    rows: list[Row] = []
    for name in series:
        gaps = [_gap(document, trained, name) for document in passes]
        known = [gap for gap in gaps if gap is not None]
        if name == trained or not known:
            continue
        cells = [
            _cell(gap, _interval(document, trained, name)) for document, gap in zip(passes, gaps, strict=True)
        ]
        if len(passes) > 1:
            cells.append(_cell(sum(known) / len(known) if len(known) == len(gaps) else None, None))
        rows.append(tracker_row(series[name], cells))
    if not rows:
        return None
    heads = [Head(document.short_title, note=f"protocol {document.protocol}") for document in passes]
    heads += [Head("Mean", note=f"of {len(passes)} benchmarks")] * (len(passes) > 1)
    caption = f"AUC of {series[trained].label} minus AUC of the other trackers"
    return Table("margins", caption, "Tracker", [heads], [("", rows)])


def _gap(document: Scores, trained: str, name: str) -> float | None:
    ours, theirs = document.number(trained, AUC), document.number(name, AUC)
    return None if ours is None or theirs is None else ours - theirs


def _interval(document: Scores, trained: str, name: str) -> tuple[float, float] | None:
    """Ends of the interval of the mean difference over the sequences that both have, or None with too few."""
    if name not in document.trackers:
        return None
    ours, theirs = document.trackers[trained].sequences, document.trackers[name].sequences
    pairs = [(value(theirs[s], AUC), value(ours[s], AUC)) for s in ours if s in theirs]
    known = np.array([pair for pair in pairs if None not in pair], dtype=float)
    if len(known) < FEWEST:
        return None
    found = paired_bootstrap(known[:, 0], known[:, 1])
    return found["low"], found["high"]


def _cell(gap: float | None, interval: tuple[float, float] | None) -> Cell:
    if gap is None:
        return Cell("–")
    if interval is None:
        return Cell(_signed(gap), gap)
    low, high = interval
    return Cell(_signed(gap), gap, best=low > 0 or high < 0, note=f"{_signed(low)} to {_signed(high)}")


def _signed(number: float) -> str:
    return f"{number:+.3f}".replace("-", "−")
