"""Print the scores of the last run as a table, and where the pictures are."""

from __future__ import annotations

import argparse
import sys

from curation.files import read_json
from pipelines import paths
from training.benchmark.report.summary import summary_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults()


def run(options: argparse.Namespace) -> None:
    del options
    sys.stdout.write(f"{summary_table(read_json(paths.SCORES, made_by='score'))}\n\n")
    for label, path in (
        ("report", paths.PAGE),
        ("crops", paths.REPORTS / "quality" / "pictures"),
        ("training", paths.REPORTS / "train" / "pictures"),
        ("weights", paths.WEIGHTS),
    ):
        sys.stdout.write(f"{label:<9} {path}\n")
