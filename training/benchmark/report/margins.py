"""How far the leader is ahead, and how certain that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from training.benchmark.report.palette import Series
from training.benchmark.report.ranking import mean_over
from training.benchmark.report.tables import Cell, Head, Row, Table, tracker_row
from training.benchmark.scores.comparison import FEWEST, paired_bootstrap
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.score_document import Scores

AUC = METRICS["auc"]


def margins(documents: Sequence[Scores], series: Mapping[str, Series], leader: str) -> Table | None:
    """AUC of the leader minus AUC of each other tracker, on every benchmark of one-pass evaluation.

    Where one lacks sequences, over those that both have. Below a difference is its 95 % interval
    (`comparison.paired_bootstrap` over the sequences); a difference is set off if the interval does not contain 0.
    None without the leader or without others.
    """
    passes = [document for document in documents if document.kind == "ope" and leader in document.trackers]
    rows: list[Row] = []
    for name in series:
        cells = [_margin(document, leader, name) for document in passes]
        if name == leader or all(cell.order is None for cell in cells):
            continue
        if len(passes) > 1:
            ours, theirs = (mean_over(passes, one, AUC) for one in (leader, name))
            gap = None if ours is None or theirs is None else ours - theirs
            cells.append(Cell("–") if gap is None else Cell(_signed(gap), gap))
        rows.append(tracker_row(series[name], cells))
    if not rows:
        return None
    heads = [Head(document.short_title, note=f"protocol {document.protocol}") for document in passes]
    heads += [Head("Mean", note=f"of {len(passes)} benchmarks")] * (len(passes) > 1)
    caption = f"AUC of {series[leader].label} minus AUC of the other trackers"
    return Table("margins", caption, "Tracker", [heads], [("", rows)])


def _margin(document: Scores, leader: str, name: str) -> Cell:
    ours, theirs = document.number(leader, AUC), document.number(name, AUC)
    if ours is None or theirs is None:
        return Cell("–")
    first, second = document.trackers[leader].sequences, document.trackers[name].sequences
    pairs = [(first[s].of(AUC), second[s].of(AUC)) for s in first if s in second]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    few = ""
    gap, alike = ours - theirs, document.whole(leader) and document.whole(name)
    if not alike:
        if not known:
            return Cell("–")
        gap, few = fmean(a - b for a, b in known), f", {len(known)} sequences"
    if len(known) < FEWEST:
        return Cell(_signed(gap), gap, note=few.removeprefix(", "), competes=alike)
    found = paired_bootstrap(*np.array(known).T[::-1])
    low, high = found["low"], found["high"]
    note = f"{_signed(low)} to {_signed(high)}{few}"
    return Cell(_signed(gap), gap, best=low > 0 or high < 0, note=note, competes=alike)


def _signed(number: float) -> str:
    return f"{number:+.3f}".replace("-", "−")
