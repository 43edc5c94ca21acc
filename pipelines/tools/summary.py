"""Print the scores of the last run as a table, and where the pictures are."""

from __future__ import annotations

import argparse
import sys

from curation.files import read_json
from pipelines import paths
from pipelines.scoring import LABELS, TRAINED
from training.benchmark.report.summary import summary_table


def run(options: argparse.Namespace) -> None:
    del options
    scores = read_json(paths.SCORES, made_by="score")
    sys.stdout.write(f"{summary_table(scores, trained=TRAINED, labels=LABELS)}\n\n")
    for label, path in (
        ("report", paths.PAGE),
        ("crops", paths.REPORTS / "quality" / "pictures"),
        ("training", paths.REPORTS / "train" / "pictures"),
        ("weights", paths.WEIGHTS),
    ):
        sys.stdout.write(f"{label:<9} {path}\n")
