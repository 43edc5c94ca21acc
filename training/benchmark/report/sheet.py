"""All scores of one benchmark for the terminal: every number to four decimals, its rules beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace

from training.benchmark.report.breakdowns import breakdown
from training.benchmark.report.palette import Series, assign_series
from training.benchmark.report.tables import benchmark_table, text
from training.benchmark.scores.metric_table import Metric
from training.benchmark.scores.score_document import Numbers, Scores
from training.benchmark.sequences.anchors import MULTISTART

EVALUATIONS = {
    "tre": "temporal robustness (TRE)",
    "sre": "spatial robustness (SRE)",
    "": "one-pass evaluation",
}
WIDTH = 100


def score_sheet(scores: Scores, *, attributes: bool = False, sequences: bool = False) -> str:
    """The scores of all trackers on a benchmark.

    Parameters
    ----------
    scores : Scores
    attributes, sequences : bool
        Add a table of every attribute (VOT: tag), of every sequence.

    Returns
    -------
    str
        Plain text without a final newline: what was evaluated by which rules, the table, the attributes,
        the sequences, then what is missing and what looks odd in the files.
    """
    series = assign_series(scores.ranked())
    known = [m for m in scores.metrics("sheet") if any(scores.number(name, m) is not None for name in series)]
    table = benchmark_table(scores, series, metrics=[_exact(metric) for metric in known])
    parts = [_headline(scores), text(table, notes=False)]
    if attributes:
        kind = "tag" if scores.kind == "vot" else "attribute"
        groups = {name: tracker.attributes for name, tracker in scores.trackers.items()}
        parts += _inner(scores, series, kind, groups, scores.attributes)
    if sequences:
        groups = {name: tracker.sequences for name, tracker in scores.trackers.items()}
        parts += _inner(scores, series, "sequence", groups, scores.sequences)
    parts.append(_remarks(scores))
    return "\n\n".join(part for part in parts if part)


def _exact(metric: Metric) -> Metric:
    return replace(metric, digits=metric.digits + 1)


def _headline(scores: Scores) -> str:
    rules = next(iter(scores.trackers.values())).overall.rules
    if scores.kind == "ope":
        what = EVALUATIONS[scores.evaluation]
        return f"{scores.title}, {what}, protocol {scores.protocol}"
    low, high = scores.interval or (0, 0)
    rule = f"overlap rule {scores.protocol}, bounds {rules.get('bounds', '–')}"
    if scores.interval is None:
        return f"{scores.title}, unsupervised, {rule}"
    if scores.protocol == MULTISTART:
        rule = f"overlap rule {rules['rule']}, bounds {rules['bounds']}"
        return f"{scores.title}, multistart, {rule}, EAO over {low} to {high} frames after a start"
    return (
        f"{scores.title}, supervised, {rule}, "
        f"EAO by the rules of {rules.get('eao_rules', 'matlab')} over lengths {low} to {high}"
    )


def _inner(
    scores: Scores,
    series: Mapping[str, Series],
    kind: str,
    groups: Mapping[str, Mapping[str, Numbers]],
    names: Sequence[str],
) -> list[str]:
    """Those of the metrics that any attribute or sequence has: a table each, a column for each tracker."""
    known = scores.inner_metrics(groups.values(), "sheet breakdowns")
    tables = [
        breakdown(scores, series, _exact(metric), kind, groups, dict.fromkeys(names, "")) for metric in known
    ]
    return [
        text(replace(table, corner=f"{metric.short} by {kind}"), notes=False)
        for metric, table in zip(known, tables, strict=True)
    ]


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
