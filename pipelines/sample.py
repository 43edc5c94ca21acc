"""Generate the built-in dataset: a small VID tree, and sequences of the five benchmarks.

Same bytes on every run and for any number of workers.
"""

from __future__ import annotations

import argparse

from pipelines import paths, settings
from pipelines.guard import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("part", choices=("sequences", "vid"), help="training videos, or evaluation sequences")


def run(options: argparse.Namespace, stage: Run) -> None:
    from curation.sample.evaluation_set import generate_sequences
    from curation.sample.folders import refuse_foreign
    from curation.sample.training_set import generate_vid

    runtime = settings.load()
    folder = paths.SAMPLE / options.part
    refuse_foreign(folder)
    with settings.cluster(runtime):
        generate = generate_vid if options.part == "vid" else generate_sequences
        generate(stage.output(folder), stage.load("sample"), runtime.workers)
