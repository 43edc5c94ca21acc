"""Print scores by sequence as a Markdown table, with the seeds of a tracker merged.

    python -m pipelines table otb2015
    python -m pipelines table otb2015 online siamese KCF
Reads what the score stage wrote. Trackers called NAME-0, NAME-1, ... are shown as NAME: mean over the seeds, and the
spread (standard deviation) of their means. A tracker without a result for every sequence has a mean over its own
sequences, with their number, and comes last; one more row then compares all on the sequences that all have.
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
from training.benchmark.report.speeds import NO_SPEEDS, Speeds, rate_text, read_speeds
from training.benchmark.scores.metric_table import METRICS
from training.benchmark.scores.score_document import Numbers, Scores, TrackerScores
from training.benchmark.scores.score_file import load_scores
from training.studies.outcome import Measure, markdown, summarise

SHOWN = (METRICS["auc"], METRICS["dp20"])
MEASURES = [Measure(metric.key, metric.name) for metric in SHOWN]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", help="a one-pass benchmark that was scored")
    parser.add_argument(
        "trackers", nargs="*", help="trackers to show, in this order (default: all, best first)"
    )


def run(options: argparse.Namespace) -> None:
    passes = {name: one for name, one in load_scores(paths.SCORES).items() if one.kind == "ope"}
    if options.benchmark not in passes:
        raise InputError(
            f"no one-pass scores of {options.benchmark}", do=f"Scored: {', '.join(passes) or 'none'}"
        )
    speeds = read_speeds(paths.TIMES, [options.benchmark])
    sys.stdout.write(f"{table(passes[options.benchmark], options.trackers, speeds)}\n")
    if speeds.times:
        sys.stdout.write(f"\nFrames per second were measured on {speeds.machine}.\n")


def table(scores: Scores, wanted: Sequence[str] = (), speeds: Speeds = NO_SPEEDS) -> str:
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
    if any(few[name] for name in names):
        shared = [s for s in scores.sequences if all(s in run.sequences for n in names for run in seeds[n])]
        cells = ([run.sequences[s] for run in seeds[name] for s in shared] for name in names)
        rows.append(
            [f"mean of the {len(shared)} that all have", *(_cell(_means(n)) if n else "–" for n in cells)]
        )
    if speeds.times:
        rows.append(["frames/s", *(_rate(speeds, name, scores) for name in names)])
    return markdown(*rows)


def _rate(speeds: Speeds, name: str, scores: Scores) -> str:
    """Frames per second of a tracker, over all its seeds."""
    runs = [run for run in scores.trackers if re.sub(r"-\d+$", "", run) == name]
    known = [rate for run in runs if (rate := speeds.rate(run, [scores.name])) is not None]
    return rate_text(fmean(known) if known else None)


def _means(numbers: Iterable[Numbers]) -> dict[str, float]:
    """The mean of each of `SHOWN`."""
    numbers = list(numbers)
    return {
        metric.key: fmean(found for one in numbers if (found := one.of(metric)) is not None)
        for metric in SHOWN
    }


def _cell(values: Mapping[str, Any], kind: str = "") -> str:
    return "/".join(f"{values[measure.key + kind]:.3f}" for measure in MEASURES)
