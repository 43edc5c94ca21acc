"""Tables that break a benchmark down: by sequence, by attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from training.benchmark.report.palette import Series
from training.benchmark.report.tables import Head, Row, Table, cell_of, mark_best, ranked_groups, tracker_row
from training.benchmark.scores.metric_table import Metric
from training.benchmark.scores.score_document import Numbers, Scores

ATTRIBUTES = {
    "ARC": "aspect ratio change",
    "BC": "background clutter",
    "CM": "camera motion",
    "DEF": "deformation",
    "FM": "fast motion",
    "FOC": "full occlusion",
    "IPR": "in-plane rotation",
    "IV": "illumination variation",
    "LR": "low resolution",
    "MB": "motion blur",
    "OCC": "occlusion",
    "OPR": "out-of-plane rotation",
    "OV": "out of view",
    "POC": "partial occlusion",
    "SOB": "similar object",
    "SV": "scale variation",
    "VC": "viewpoint change",
}
"""What the tags of OTB [Wu, Lim, Yang, TPAMI 2015] and UAV123 [Mueller et al., ECCV 2016] stand for."""


def sequence_tables(document: Scores, series: Mapping[str, Series]) -> list[Table]:
    """Every tracker on every sequence: AUC; accuracy and failures for VOT."""
    numbers = {name: tracker.sequences for name, tracker in document.trackers.items()}
    return [
        breakdown(document, series, metric, "sequence", numbers, dict.fromkeys(document.sequences, ""))
        for metric in document.inner_metrics(numbers.values(), "page sequences")
    ]


def attribute_table(document: Scores, series: Mapping[str, Series]) -> Table | None:
    """Every tracker over the sequences (VOT: frames) with each attribute, by the first metric that is known.

    A row is a tracker, a column an attribute. None without attributes.
    """
    numbers = {name: tracker.attributes for name, tracker in document.trackers.items()}
    metric = next(iter(document.inner_metrics(numbers.values(), "page")), None)
    if metric is None:
        return None
    names = document.ranked()
    columns = []
    for attribute in document.attributes:
        found = (numbers[name].get(attribute) for name in names)
        cells = [cell_of(metric, one.of(metric) if one else None, bar=False) for one in found]
        whole = [
            replace(cell, competes=document.whole(name)) for cell, name in zip(cells, names, strict=True)
        ]
        columns.append(mark_best(whole, metric))
    rows = [tracker_row(series[name], cells) for name, *cells in zip(names, *columns, strict=True)]
    return Table(
        f"{document.name}-attributes",
        f"{metric.name} on {document.title} by attribute, protocol {document.protocol}",
        "Tracker",
        [[Head(name, ATTRIBUTES.get(name, "")) for name in document.attributes]],
        ranked_groups([document], names, rows),
        sortable=True,
    )


def breakdown(
    document: Scores,
    series: Mapping[str, Series],
    metric: Metric,
    kind: str,
    numbers: Mapping[str, Mapping[str, Numbers]],
    names: Mapping[str, str],
) -> Table:
    """A row for each of `names` (sequences or attributes, with a remark), a column for each tracker.

    A tracker that lacks sequences does not compete by attribute, where its numbers are of fewer.
    """
    trackers = [name for name in series if name in document.trackers]
    rows = []
    for name, remark in names.items():
        cells = [
            cell_of(metric, numbers[t][name].of(metric) if name in numbers[t] else None) for t in trackers
        ]
        if kind != "sequence":
            cells = [
                replace(cell, competes=document.whole(t)) for cell, t in zip(cells, trackers, strict=True)
            ]
        rows.append(Row(name, mark_best(cells, metric), remark=remark))
    heads = [Head(series[t].label, series=series[t], note=document.share(t)) for t in trackers]
    return Table(
        f"{document.name}-{kind}s-{metric.key}",
        f"{metric.name} on {document.title} by {kind}, protocol {document.protocol}",
        kind.capitalize(),
        [heads],
        [("", rows)],
        sortable=True,
    )
