"""Write a tracker's results in another toolkit's format.

    python -m pipelines convert otb2015 data/results/otb2015 siamese got10k out/
It reads every format that `evaluate` reads; training/benchmark/README.md describes each.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from curation.rows import OWN
from pipelines.benchmarks import add_benchmark, open_benchmark
from training.benchmark.results.conversion import convert
from training.benchmark.results.formats.format_table import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser)
    parser.add_argument("results", type=Path, help="folder with the tracker's folder")
    parser.add_argument("tracker", help="its name there")
    parser.add_argument("format", help=f"what to write: {', '.join(FORMATS)}, or your own, {OWN}")
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("--rename", metavar="NAME", help="the tracker's name in the output")


def run(options: argparse.Namespace) -> None:
    written = convert(
        options.results,
        options.tracker,
        open_benchmark(options),
        options.out,
        options.format,
        rename=options.rename,
    )
    sys.stdout.write(f"wrote {len(written)} files under {options.out}\n")
