"""Tables that break a benchmark down: by sequence, by attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from training.benchmark.metric_table import Metric
from training.benchmark.report.palette import Series
from training.benchmark.report.reading import ATTRIBUTES, Scores, value
from training.benchmark.report.tables import Head, Row, Table, best_of, cell_of


def sequence_tables(document: Scores, series: Mapping[str, Series]) -> list[Table]:
    """Every tracker on every sequence: AUC; accuracy and failures for VOT."""
    numbers = {name: tracker.sequences for name, tracker in document.trackers.items()}
    return [
        _breakdown(
            document,
            series,
            metric,
            key=f"{document.name}-sequences-{metric.key}",
            caption=f"{metric.name} on each sequence of {document.title}, protocol {document.protocol}",
            corner="Sequence",
            names=dict.fromkeys(document.sequences, ""),
            numbers=numbers,
        )
        for metric in document.inner_metrics(numbers.values())
        if "page sequences" in metric.shown
    ]


def attribute_metric(document: Scores) -> Metric | None:
    """The metric that per-attribute numbers are compared by; None without attributes."""
    return next(iter(document.inner_metrics(t.attributes for t in document.trackers.values())), None)


def attribute_table(document: Scores, series: Mapping[str, Series]) -> Table | None:
    """Every tracker over the sequences (VOT: frames) with each attribute; None without attributes."""
    metric = attribute_metric(document)
    if metric is None:
        return None
    return _breakdown(
        document,
        series,
        metric,
        key=f"{document.name}-attributes",
        caption=f"{metric.name} on {document.title} by attribute, protocol {document.protocol}",
        corner="Attribute",
        names={name: ATTRIBUTES.get(name, "") for name in document.attributes},
        numbers={name: tracker.attributes for name, tracker in document.trackers.items()},
    )


def _breakdown(
    document: Scores,
    series: Mapping[str, Series],
    metric: Metric,
    *,
    key: str,
    caption: str,
    corner: str,
    names: Mapping[str, str],
    numbers: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> Table:
    trackers = [name for name in series if name in document.trackers]
    rows = []
    for name, remark in names.items():
        cells = [cell_of(metric, value(numbers[tracker].get(name), metric)) for tracker in trackers]
        best = best_of([cell.order for cell in cells], metric)
        marked = [replace(cell, best=cell.order is not None and cell.order == best) for cell in cells]
        rows.append(Row(name, marked, remark=remark))
    heads = [Head(series[tracker].label, series=series[tracker]) for tracker in trackers]
    return Table(key, caption, corner, [heads], [("", rows)], sortable=True)
