"""How far the leader is ahead, and how certain that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from training.benchmark.report.palette import Series
from training.benchmark.report.ranking import mean_over
from training.benchmark.report.tables import Cell, Head, Row, Table, signed, tracker_row
from training.benchmark.scores.comparison import FEWEST, bootstrap_eao, paired_bootstrap
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.score_document import Numbers, Scores

AUC, EAO = METRICS["auc"], METRICS["eao"]


def margins(documents: Sequence[Scores], series: Mapping[str, Series], leader: str) -> Table | None:
    """AUC (VOT: EAO) of the leader minus that of each other tracker, on every benchmark.

    Only sequences that both have count. Below a difference is its 95 % interval (`comparison.paired_bootstrap` and
    `bootstrap_eao` over the sequences); a difference is set off if the interval does not contain 0. None without the
    leader or without others.
    """
    mine = [document for document in documents if leader in document.trackers and _metric(document)]
    passes = [document for document in mine if document.kind == "ope"]
    rows: list[Row] = []
    for name in series:
        cells = [_margin(document, leader, name) for document in mine]
        if name == leader or all(cell.order is None for cell in cells):
            continue
        if len(passes) > 1:
            ours, theirs = (mean_over(passes, one, AUC) for one in (leader, name))
            gap = None if ours is None or theirs is None else ours - theirs
            cells.append(Cell("–") if gap is None else Cell(signed(gap), gap))
        rows.append(tracker_row(series[name], cells))
    if not rows:
        return None
    heads = [
        Head(document.title, note=f"{_metric(document)}, protocol {document.protocol}") for document in mine
    ]
    heads += [Head("Mean AUC", note=f"of {len(passes)} benchmarks")] * (len(passes) > 1)
    caption = f"{series[leader].label} minus the other trackers"
    return Table("margins", caption, "Tracker", [heads], [("", rows)])


def _metric(document: Scores) -> str:
    """What is subtracted on a benchmark; empty where nobody has it."""
    metric = EAO if document.kind == "vot" else AUC
    return (
        metric.short if any(document.number(name, metric) is not None for name in document.trackers) else ""
    )


def _margin(document: Scores, leader: str, name: str) -> Cell:
    metric = EAO if document.kind == "vot" else AUC
    ours, theirs = document.number(leader, metric), document.number(name, metric)
    if ours is None or theirs is None:
        return Cell("–")
    first, second = document.trackers[leader].sequences, document.trackers[name].sequences
    common = [one for one in first if one in second]
    alike = document.whole(leader) and document.whole(name)
    found = _difference(document, [second[one] for one in common], [first[one] for one in common])
    if not alike and found is None:
        return Cell("–")
    gap = ours - theirs if alike or found is None else found["difference"]
    few = "" if alike else f"{len(common)} sequences"
    if found is None or len(common) < FEWEST:
        return Cell(signed(gap), gap, note=few, competes=alike)
    low, high = found["low"], found["high"]
    return Cell(signed(gap), gap, best=low > 0 or high < 0, note=few, competes=alike, interval=(low, high))


def _difference(
    document: Scores, first: Sequence[Numbers], second: Sequence[Numbers]
) -> dict[str, float] | None:
    """Second minus first over the same sequences, with its interval; None where some number is not known."""
    if document.kind == "vot":
        return bootstrap_eao(first, second) if first else None
    pairs = [(a.of(AUC), b.of(AUC)) for a, b in zip(first, second, strict=True)]
    known = np.array([(a, b) for a, b in pairs if a is not None and b is not None])
    return paired_bootstrap(*known.T) if len(known) else None
