"""Print scores sequence by sequence as a Markdown table, runs of one tracker with several seeds merged.

    python -m pipelines table otb2015
    python -m pipelines table otb2015 online siamese KCF
Reads what the score stage wrote. Trackers called NAME-0, NAME-1, ... are shown as NAME: mean over the seeds, and the
spread (standard deviation) of their means. A tracker without a result for every sequence has a mean over its own
sequences, with their number.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from curation.errors import InputError
from curation.files import read_json
from pipelines import paths
from pipelines.scoring import LABELS
from training.studies.outcome import markdown

Values = Mapping[str, tuple[float, float]]
"""Sequence -> success AUC and precision at 20 px."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", help="a one-pass benchmark that was scored")
    parser.add_argument("trackers", nargs="*", help="which, in this order (all, best first)")


def run(options: argparse.Namespace) -> None:
    scores = read_json(paths.SCORES, made_by="score")
    document = scores.get(options.benchmark)
    if document is None or document["kind"] != "ope":
        known = ", ".join(name for name, entry in scores.items() if entry["kind"] == "ope")
        raise InputError(f"no one-pass scores of {options.benchmark}", do=f"Scored: {known or 'none'}")
    sys.stdout.write(f"{table(document, options.trackers)}\n")


def table(document: Mapping[str, Any], wanted: Sequence[str] = ()) -> str:
    """The table of one score document.

    Raises
    ------
    InputError
        If a wanted tracker is not in it.
    """
    seeds: dict[str, list[Values]] = {}
    for name, entry in document["trackers"].items():
        values = {s: (number["auc"], number["dp20"]) for s, number in entry["sequences"].items()}
        seeds.setdefault(re.sub(r"-\d+$", "", name), []).append(values)
    unknown = [name for name in wanted if name not in seeds]
    if unknown:
        raise InputError(f"no scores of {', '.join(unknown)}", do=f"Known: {', '.join(seeds)}")
    names = list(wanted) or sorted(seeds, key=lambda name: -statistics.fmean(_means(seeds[name], 0)))
    sequences = list(dict.fromkeys(s for name in names for values in seeds[name] for s in values))
    head = [document["title"], *(LABELS.get(name, name) for name in names)]
    rows = [[sequence, *(_cell(seeds[name], sequence) for name in names)] for sequence in sequences]
    rows.append(["mean", *(_mean(seeds[name], len(sequences)) for name in names)])
    if any(len(runs) > 1 for runs in seeds.values()):
        rows.append(["spread over seeds", *(_spread(seeds[name]) for name in names)])
    return markdown(head, *rows)


def _cell(runs: Sequence[Values], sequence: str) -> str:
    found = [values[sequence] for values in runs if sequence in values]
    return _pair([statistics.fmean(column) for column in zip(*found, strict=True)]) if found else "–"


def _means(runs: Sequence[Values], measure: int) -> list[float]:
    """A run's mean over its sequences, for each run."""
    return [statistics.fmean(pair[measure] for pair in values.values()) for values in runs]


def _mean(runs: Sequence[Values], sequences: int) -> str:
    few = f" ({len(runs[0])})" if len(runs[0]) < sequences else ""
    return _pair([statistics.fmean(_means(runs, measure)) for measure in (0, 1)]) + few


def _spread(runs: Sequence[Values]) -> str:
    return _pair([statistics.stdev(_means(runs, m)) for m in (0, 1)]) if len(runs) > 1 else ""


def _pair(values: Sequence[float]) -> str:
    return "/".join(f"{value:.3f}" for value in values)
