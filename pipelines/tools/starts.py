"""Run a tracker from the other first frames and boxes of OTB's scores TRE and SRE.

    python -m pipelines starts otb2015 --tracker siamese --out runs/
    python -m pipelines evaluate otb2015 runs/ --starts tre          # then the same with sre
TRE starts the tracker in 20 frames of each sequence, SRE on 12 disturbed first boxes: about ten and twelve times the
work of one pass. Finished sequences are kept, so a run that was stopped goes on where it was. Sequences come from
--root, the settings, or the built-in dataset.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines import trackers
from pipelines.benchmarks import add_benchmark


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser)
    trackers.add_arguments(parser)
    parser.add_argument("--only", choices=("tre", "sre"), help="one of the two (both)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where TRE/ and SRE/ go")


def run(options: argparse.Namespace) -> None:
    trackers.run_by_hand(options, (options.only,) if options.only else ("tre", "sre"))
