"""Generate the built-in dataset: a small VID tree, and sequences of the five benchmarks.

Same bytes on every run and for any number of workers.
"""

from __future__ import annotations

import argparse

from curation.sample import generate_sequences, generate_vid
from pipelines import parameters, paths, settings

PARTS = {"vid": generate_vid, "sequences": generate_sequences}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("part", choices=sorted(PARTS), help="training videos, or evaluation sequences")


def run(options: argparse.Namespace) -> None:
    runtime = settings.load()
    with settings.cluster(runtime):
        PARTS[options.part](paths.SAMPLE / options.part, parameters.load("sample"), runtime.workers)
