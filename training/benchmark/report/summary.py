"""The scores as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.benchmark.metric_table import METRICS, Metric
from training.benchmark.report.reading import Scores, rank, read_scores

AUC, DP20 = METRICS["auc"], METRICS["dp20"]


def summary_table(
    scores: Mapping[str, Mapping[str, Any]],
    *,
    trained: str = "siamese",
    labels: Mapping[str, str] | None = None,
) -> str:
    """Tables of all benchmarks: AUC and DP@20, then VOT's numbers, then the trained tracker's margins.

    Parameters
    ----------
    scores : mapping of benchmark to score document
    trained : str
        Its margins in AUC over every other tracker are given; it need not be there.
    labels : mapping of tracker to str
        Names to show instead.

    Returns
    -------
    str
        Plain text without a final newline. A mean is over the benchmarks listed, and given only to trackers
        that have a number on each of them.
    """
    documents = read_scores(scores)
    names = dict.fromkeys(name for document in documents for name in document.trackers)
    shown = {name: (labels or {}).get(name, name) for name in names}
    parts = []
    passes = [document for document in documents if document.kind == "ope"]
    if passes:
        parts.append(_ope(passes, shown))
        if trained in shown and len(shown) > 1:
            parts.append(_margins(passes, shown, trained))
    parts.extend(_vot(document, shown) for document in documents if document.kind == "vot")
    notes = [note for document in documents if (note := partial_note(document))]
    if notes:
        parts.append("\n".join(f"* {note}" for note in notes))
    return "\n\n".join(part for part in parts if part)


def partial_note(document: Scores) -> str:
    """One sentence on what a partial score lacks; empty for a whole one."""
    if not document.partial:
        return ""
    lacks = []
    if document.missing:
        lacks.append(f"{len(document.missing)} sequences are not here ({_few(document.missing)})")
    for name, tracker in document.trackers.items():
        if tracker.missing:
            lacks.append(f"{name} has no result for {len(tracker.missing)} ({_few(tracker.missing)})")
    return f"{document.title} is partial: {'; '.join(lacks) or 'not every sequence was scored'}"


def mean_over(documents: Sequence[Scores], name: str, metric: Metric) -> float | None:
    """Unweighted mean of a tracker's overall numbers; None unless it has one on every benchmark."""
    values = [document.number(name, metric) for document in documents]
    known = [found for found in values if found is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def order(documents: Sequence[Scores], name: str) -> tuple[int, float, str]:
    """A key that sorts trackers by the mean of their headline numbers, best first, incomplete ones last."""
    found = [document.number(name, document.headline) for document in documents]
    known = [number for number in found if number is not None]
    return found.count(None), rank(sum(known) / len(known) if known else None), name


def _ope(documents: Sequence[Scores], shown: Mapping[str, str]) -> str:
    here = [name for name in shown if any(name in document.trackers for document in documents)]
    ranked = sorted(here, key=lambda name: order(documents, name))
    rows = [
        ["success AUC / DP@20", *(_starred(document) for document in documents), "mean"],
        *_remarks(documents),
        ["protocol", *(document.protocol for document in documents), ""],
    ]
    head = len(rows)
    for name in ranked:
        cells = [_pair(d.number(name, AUC), d.number(name, DP20)) for d in documents]
        rows.append(
            [shown[name], *cells, _pair(mean_over(documents, name, AUC), mean_over(documents, name, DP20))]
        )
    return aligned(rows, rule_after=head)


def _margins(documents: Sequence[Scores], shown: Mapping[str, str], trained: str) -> str:
    rows = [
        [f"AUC of {shown[trained]} minus", *(_starred(document) for document in documents), "mean"],
        *_remarks(documents),
    ]
    head = len(rows)
    for name in shown:
        if name == trained or not any(name in document.trackers for document in documents):
            continue
        ours = [document.number(trained, AUC) for document in documents]
        theirs = [document.number(name, AUC) for document in documents]
        gaps = [None if a is None or b is None else a - b for a, b in zip(ours, theirs, strict=True)]
        known = [gap for gap in gaps if gap is not None]
        mean = sum(known) / len(known) if known and len(known) == len(gaps) else None
        rows.append([shown[name], *map(_signed, gaps), _signed(mean)])
    return aligned(rows, rule_after=head)


def _vot(document: Scores, shown: Mapping[str, str]) -> str:
    metrics = document.metrics
    rows = [[f"{_starred(document)}, protocol {document.protocol}", *(metric.short for metric in metrics)]]
    for name in document.ranked():
        rows.append([shown[name], *(metric.text(document.number(name, metric)) for metric in metrics)])
    return aligned(rows, rule_after=1)


def _starred(document: Scores) -> str:
    """The short title, with a star if the score is partial."""
    return f"{document.short_title}*" if document.partial else document.short_title


def _remarks(documents: Sequence[Scores]) -> list[list[str]]:
    """A row with the bracketed remarks of the titles (`(built in)`), if there are any."""
    remarks = [document.title.removeprefix(document.short_title).strip() for document in documents]
    return [["", *remarks, ""]] if any(remarks) else []


def _pair(first: float | None, second: float | None) -> str:
    return "–" if first is None and second is None else f"{AUC.text(first)} / {DP20.text(second)}"


def _signed(gap: float | None) -> str:
    return "–" if gap is None else f"{gap:+.3f}"


def _few(names: Sequence[str], count: int = 3) -> str:
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def aligned(rows: Sequence[Sequence[str]], *, rule_after: int) -> str:
    """Rows of cells as text in columns, the first to the left, with a line under the first `rule_after`."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    lines.insert(rule_after, "-" * len(lines[0]))
    return "\n".join(line.rstrip() for line in lines)
