"""Trackers that have a part of the sequences, beside the others on just these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from training.benchmark.report.palette import Series
from training.benchmark.report.tables import Column, Table, mark_best, tracker_row
from training.benchmark.scores.one_pass import Curves
from training.benchmark.scores.one_pass_summary import summary
from training.benchmark.scores.protocols import PROTOCOLS
from training.benchmark.scores.score_document import Numbers, Scores, TrackerScores
from training.benchmark.scores.score_file import parse_numbers


def shared_tables(document: Scores, series: Mapping[str, Series]) -> list[Table]:
    """For each part of the sequences that a tracker has: all trackers that have these too, scored on them alone.

    None for a part that nobody else has.
    """
    parts = {
        tuple(tracker.sequences): None
        for name, tracker in document.trackers.items()
        if not document.whole(name) and tracker.sequences
    }
    tables = [_table(document, series, part, number) for number, part in enumerate(parts)]
    return [table for table in tables if table is not None]


def _table(document: Scores, series: Mapping[str, Series], part: Sequence[str], number: int) -> Table | None:
    fit = {name: one for name, one in document.trackers.items() if one.sequences.keys() >= set(part)}
    found = {name: on_sequences(document, one, part) for name, one in fit.items()}
    if len(fit) < 2:
        return None
    cut = replace(
        document, trackers={name: TrackerScores(overall=numbers) for name, numbers in found.items()}
    )
    columns = [Column(metric, [cut]) for metric in cut.metrics("page")]
    names = cut.ranked()
    filled = [mark_best([column.cell(name) for name in names], column.metric) for column in columns]
    rows = [tracker_row(series[name], cells) for name, *cells in zip(names, *filled, strict=True)]
    owners = ", ".join(
        series[name].label for name in names if set(document.trackers[name].sequences) == set(part)
    )
    caption = f"{document.title}, the {len(part)} sequences of {owners}, protocol {document.protocol}"
    heads = [[column.head for column in columns]]
    return Table(f"{document.name}-shared-{number}", caption, "Tracker", heads, [("", rows)])


def on_sequences(document: Scores, tracker: TrackerScores, names: Sequence[str]) -> Numbers:
    """A tracker's numbers on some sequences: those of their mean curves; for VOT, or without curves, plain means."""
    chosen = [tracker.sequences[name] for name in names]
    if document.kind == "ope" and document.protocol in PROTOCOLS and all(one.curves for one in chosen):
        frames = np.array([one.values["frames"] for one in chosen], dtype=np.int64)
        values = {
            key: np.array([one.curves[key] for one in chosen], dtype=np.float64) for key in chosen[0].curves
        }
        return parse_numbers(summary(Curves(values, frames), protocol=document.protocol))
    metrics = document.inner_metrics([dict(zip(names, chosen, strict=True))], "page")
    known = {metric.key: [n for one in chosen if (n := one.of(metric)) is not None] for metric in metrics}
    return Numbers(
        values={key: fmean(numbers) for key, numbers in known.items() if len(numbers) == len(chosen)}
    )
