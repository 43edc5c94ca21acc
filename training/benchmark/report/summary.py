"""The scores as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from curation.errors import some
from training.benchmark.report.margins import margins
from training.benchmark.report.palette import assign_series
from training.benchmark.report.ranking import leader
from training.benchmark.report.shared import shared_tables
from training.benchmark.report.tables import benchmark_table, overview, text
from training.benchmark.scores.score_document import Scores


def summary_table(
    scores: Mapping[str, Scores],
    *,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Tables of all benchmarks: AUC and DP@20, the best tracker's margins, then VOT's numbers.

    Parameters
    ----------
    scores : mapping of benchmark to Scores
    labels : mapping of tracker to str
        Names to show instead.

    Returns
    -------
    str
        Plain text without a final newline. A mean is over the benchmarks listed, and given only to trackers
        that have a result for every sequence of each of them.
    """
    documents = list(scores.values())
    best = leader(documents)
    series = assign_series(
        (name for document in documents for name in document.trackers), leader=best, labels=labels
    )
    passes = [document for document in documents if document.kind == "ope"]
    there = {name: s for name, s in series.items() if any(name in document.trackers for document in passes)}
    tables = [overview(passes, there, (), synthetic=False)] if passes else []
    tables += [found] if (found := margins(documents, series, best)) else []
    tables += [table for document in documents for table in shared_tables(document, series)]
    tables += [benchmark_table(document, series) for document in documents if document.kind == "vot"]
    parts = [f"{table.caption}\n\n{text(table, notes=table.key != 'margins')}" for table in tables]
    notes = [note for document in documents if (note := partial_note(document))]
    return "\n\n".join([*parts, *(["\n".join(f"* {note}" for note in notes)] if notes else [])])


def partial_note(document: Scores) -> str:
    """A sentence each on what a partial score lacks, and on trackers that were left out; empty where nothing is."""
    out = ", ".join(document.unsound)
    left = [f"{document.title}: left out, as their results cannot be scored: {out}"] if out else []
    if not document.partial:
        return "".join(left)
    lacks = []
    if document.missing:
        lacks.append(f"{len(document.missing)} sequences are not here ({some(document.missing)})")
    for name, tracker in document.trackers.items():
        if tracker.missing:
            lacks.append(f"{name} has no result for {len(tracker.missing)} ({some(tracker.missing)})")
    partial = f"{document.title} is partial: {'; '.join(lacks) or 'not every sequence was scored'}"
    return ". ".join([partial, *left])
