"""All scores of one benchmark for the terminal: every number to four decimals, its rules beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from training.benchmark.metric_table import Metric, metrics_of
from training.benchmark.report.reading import Scores, read_scores, value
from training.benchmark.report.summary import aligned

EVALUATIONS = {
    "tre": "temporal robustness (TRE)",
    "sre": "spatial robustness (SRE)",
    "": "one-pass evaluation",
}
WIDTH = 100


def score_sheet(document: Mapping[str, Any], *, attributes: bool = False, sequences: bool = False) -> str:
    """The scores of all trackers in a document of `score.score_benchmark` or `score.score_starts`.

    Parameters
    ----------
    document : mapping
    attributes, sequences : bool
        Add a table of every attribute (VOT: tag), of every sequence.

    Returns
    -------
    str
        Plain text without a final newline: what was evaluated by which rules, the table, the attributes,
        the sequences, then what is missing and what looks odd in the files.
    """
    (scores,) = read_scores({document["benchmark"]: document})
    parts = [_headline(document, scores), _overall(scores)]
    inner = metrics_of(scores.kind, "sheet breakdowns")
    if attributes:
        kind = "tag" if scores.kind == "vot" else "attribute"
        groups = {name: tracker.attributes for name, tracker in scores.trackers.items()}
        parts += [_inner(scores, metric, kind, scores.attributes, groups) for metric in inner]
    if sequences:
        groups = {name: tracker.sequences for name, tracker in scores.trackers.items()}
        parts += [_inner(scores, metric, "sequence", scores.sequences, groups) for metric in inner]
    parts.append(_remarks(scores))
    return "\n\n".join(part for part in parts if part)


def _headline(document: Mapping[str, Any], scores: Scores) -> str:
    overall = next(iter(scores.trackers.values())).overall
    if scores.kind == "ope":
        what = EVALUATIONS[document.get("evaluation", "")]
        return f"{scores.title}, {what}, protocol {scores.protocol}"
    low, high = scores.interval or (0, 0)
    rule = f"overlap rule {scores.protocol}, bounds {overall.get('bounds', '–')}"
    if scores.interval is None:
        return f"{scores.title}, unsupervised, {rule}"
    return (
        f"{scores.title}, supervised, {rule}, "
        f"EAO by the rules of {overall.get('eao_rules', 'matlab')} over lengths {low} to {high}"
    )


def _overall(scores: Scores) -> str:
    counts = ("sequences", "frames")
    shown = [
        metric
        for metric in metrics_of(scores.kind, "sheet")
        if any(value(tracker.overall, metric) is not None for tracker in scores.trackers.values())
    ]
    rows = [["tracker", *(metric.short for metric in shown), *counts]]
    for name in scores.ranked():
        overall = scores.trackers[name].overall
        rows.append(
            [name, *(_text(overall, metric) for metric in shown), *(f"{overall[k]:,}" for k in counts)]
        )
    return aligned(rows, rule_after=1)


def _inner(
    scores: Scores,
    metric: Metric,
    kind: str,
    names: Sequence[str],
    groups: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> str:
    """A metric of every attribute or sequence, a column for each tracker; empty if none has it."""
    trackers = scores.ranked()
    rows = [[name, *(_text(groups[tracker].get(name), metric) for tracker in trackers)] for name in names]
    if all(cell == "–" for row in rows for cell in row[1:]):
        return ""
    return aligned([[f"{metric.short} by {kind}", *trackers], *rows], rule_after=1)


def _text(numbers: Mapping[str, Any] | None, metric: Metric) -> str:
    found = value(numbers, metric)
    return "–" if found is None else f"{found:.{metric.digits + 1}f}"


def _remarks(scores: Scores) -> str:
    lines = []
    if scores.partial:
        lines.append("These scores are partial.")
    if scores.missing:
        lines.append(f"No sequence here for {len(scores.missing)}: {', '.join(scores.missing)}")
    for name, tracker in scores.trackers.items():
        if tracker.missing:
            lines.append(f"{name} has no result for {len(tracker.missing)}: {', '.join(tracker.missing)}")
        lines += [f"{name}: {note}" for note in tracker.notes]
    return "\n".join(line for text in lines for line in textwrap.wrap(text, WIDTH, subsequent_indent="  "))
