"""Print the scores of the last run, the trackers' speed, and where the pictures are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from curation.files import read_json
from pipelines import paths
from pipelines.scoring import LABELS, leading
from training.benchmark.report.summary import summary_table
from training.benchmark.report.tables import aligned
from training.benchmark.scores.score_file import load_scores


def run(options: argparse.Namespace) -> None:
    del options
    scores = load_scores(paths.SCORES)
    sys.stdout.write(f"{summary_table(scores, leader=leading(scores), labels=LABELS)}\n\n")
    sys.stdout.write(speeds(scores))
    for label, path in (
        ("report", paths.PAGE),
        ("crops", paths.REPORTS / "quality" / "pictures"),
        ("training", paths.REPORTS / "train" / "pictures"),
        ("weights", paths.WEIGHTS),
    ):
        sys.stdout.write(f"{label:<9} {path}\n")


def speeds(benchmarks: Iterable[str]) -> str:
    """Frames per second of each tracker on each benchmark, as the track stage measured them; empty without."""
    files = {name: paths.TIMES / f"{name}.json" for name in benchmarks}
    times = {
        name: read_json(file, made_by="track")["trackers"] for name, file in files.items() if file.is_file()
    }
    trackers = dict.fromkeys(tracker for found in times.values() for tracker in found)
    if not trackers:
        return ""
    rows = [["Tracker", *times]]
    for tracker in trackers:
        found = (entry.get(tracker) for entry in times.values())
        rows.append(
            [LABELS.get(tracker, tracker), *(_rate(e["frames_per_second"]) if e else "–" for e in found)]
        )
    return f"Frames per second\n\n{aligned(rows, rule_after=1)}\n\n"


def _rate(number: float) -> str:
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"
