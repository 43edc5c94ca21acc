"""Print the scores of the last run, the trackers' speed, and the paths of the pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from pipelines import paths
from pipelines.scoring import LABELS
from training.benchmark.report.speeds import rate_text, read_speeds
from training.benchmark.report.summary import summary_table
from training.benchmark.report.tables import aligned
from training.benchmark.scores.score_document import Scores
from training.benchmark.scores.score_file import load_scores


def run(options: argparse.Namespace) -> None:
    del options
    scores = load_scores(paths.SCORES)
    sys.stdout.write(f"{summary_table(scores, labels=LABELS)}\n\n")
    sys.stdout.write(rates(scores))
    for label, path in (
        ("report", paths.PAGE),
        ("crops", paths.REPORTS / "quality" / "pictures"),
        ("training", paths.REPORTS / "train" / "pictures"),
        ("weights", paths.WEIGHTS),
    ):
        sys.stdout.write(f"{label:<9} {path}\n")


def rates(scores: Mapping[str, Scores]) -> str:
    """Frames per second of each tracker on each benchmark, as the track stage measured them; empty without."""
    speeds = read_speeds(paths.TIMES, scores)
    trackers = dict.fromkeys(tracker for found in speeds.times.values() for tracker in found)
    if not trackers:
        return ""
    rows = [["Tracker", *(scores[name].title for name in speeds.times)]]
    for tracker in trackers:
        found = (rate_text(speeds.rate(tracker, [name])) for name in speeds.times)
        rows.append([LABELS.get(tracker, tracker), *found])
    return f"Frames per second, measured on {speeds.machine}\n\n{aligned(rows, rule_after=1)}\n\n"
