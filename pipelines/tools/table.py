"""Print scores sequence by sequence as a Markdown table, runs of one tracker with several seeds merged.

    python -m pipelines table otb2015
    python -m pipelines table otb2015 online siamese KCF
Reads what the score stage wrote. Trackers called NAME-0, NAME-1, ... are shown as NAME: mean over the seeds, and the
spread (standard deviation) of their means. A tracker without a result for every sequence has a mean over its own
sequences, with their number, and comes last.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from curation.errors import InputError
from pipelines import paths
from pipelines.scoring import LABELS
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.score_document import Numbers, Scores, TrackerScores
from training.benchmark.scores.score_file import load_scores
from training.studies.outcome import Measure, markdown, summarise

SHOWN = (METRICS["auc"], METRICS["dp20"])
MEASURES = [Measure(metric.key, metric.name) for metric in SHOWN]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", help="a one-pass benchmark that was scored")
    parser.add_argument("trackers", nargs="*", help="which, in this order (all, best first)")


def run(options: argparse.Namespace) -> None:
    passes = {name: one for name, one in load_scores(paths.SCORES).items() if one.kind == "ope"}
    if options.benchmark not in passes:
        raise InputError(
            f"no one-pass scores of {options.benchmark}", do=f"Scored: {', '.join(passes) or 'none'}"
        )
    sys.stdout.write(f"{table(passes[options.benchmark], options.trackers)}\n")


def table(scores: Scores, wanted: Sequence[str] = ()) -> str:
    """The table of one benchmark.

    Raises
    ------
    InputError
        If a wanted tracker is not in it.
    """
    seeds: dict[str, list[TrackerScores]] = {}
    for name, entry in scores.trackers.items():
        seeds.setdefault(re.sub(r"-\d+$", "", name), []).append(entry)
    unknown = [name for name in wanted if name not in seeds]
    if unknown:
        raise InputError(f"no scores of {', '.join(unknown)}", do=f"Known: {', '.join(seeds)}")
    runs = [
        {"tracker": name} | _means(run.sequences.values()) for name, every in seeds.items() for run in every
    ]
    summary = {entry["tracker"]: entry for entry in summarise(runs, ["tracker"], MEASURES)}
    whole = len(scores.sequences)
    few = {
        name: f" ({len(every[0].sequences)})" * (len(every[0].sequences) < whole)
        for name, every in seeds.items()
    }
    names = list(wanted) or sorted(
        seeds, key=lambda name: (few[name] != "", -summary[name][f"{MEASURES[0].key}_mean"])
    )
    rows = [[scores.title, *(LABELS.get(name, name) for name in names)]]
    for sequence in dict.fromkeys(s for name in names for run in seeds[name] for s in run.sequences):
        found = (
            [run.sequences[sequence] for run in seeds[name] if sequence in run.sequences] for name in names
        )
        rows.append([sequence, *(_cell(_means(numbers)) if numbers else "–" for numbers in found)])
    rows.append(["mean", *(_cell(summary[name], "_mean") + few[name] for name in names)])
    if any(len(every) > 1 for every in seeds.values()):
        spreads = (_cell(summary[name], "_spread") if len(seeds[name]) > 1 else "" for name in names)
        rows.append(["spread over seeds", *spreads])
    return markdown(*rows)


def _means(numbers: Iterable[Numbers]) -> dict[str, float]:
    """The mean of each of `SHOWN`."""
    numbers = list(numbers)
    return {
        metric.key: fmean(found for one in numbers if (found := one.of(metric)) is not None)
        for metric in SHOWN
    }


def _cell(values: Mapping[str, Any], kind: str = "") -> str:
    return "/".join(f"{values[measure.key + kind]:.3f}" for measure in MEASURES)
