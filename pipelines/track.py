"""Run the trackers on the sequences of one benchmark.

Finished sequences are kept in data/.store by content, so a killed run resumes, and one changed sequence is
tracked again alone. Times per frame are recorded apart from the results.
"""

from __future__ import annotations

import argparse
import logging

from curation.files import write_json
from curation.manifest import load_manifest
from pipelines import paths, settings, sources
from pipelines.guard import Run
from training.benchmark.listing import BENCHMARKS
from training.benchmark.sequences import load_benchmark
from training.device import pick_device
from training.tracking.contenders import contenders
from training.tracking.run import run_benchmark

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", choices=(*BENCHMARKS, "otb50"), help="whose sequences")


def run(options: argparse.Namespace, stage: Run) -> None:
    runtime = settings.load()
    name = options.benchmark
    config = stage.load("track")
    benchmark = load_benchmark(name, sources.needed_sequence_roots(stage.load("dataset"), runtime, name))
    with settings.cluster(runtime):
        times = run_benchmark(
            benchmark,
            contenders(
                config,
                weights=paths.WEIGHTS,
                backbone=runtime.backbone_file,
                device=str(pick_device(runtime.device)),
            ),
            manifest=load_manifest(paths.manifest(name)),
            out=stage.output(paths.RESULTS / name),
            store=paths.STORE / "results",
            workers=runtime.workers,
            check=stage.check,
        )
    for tracker, entry in times["trackers"].items():
        log.info("%s, %s: %.1f frames/s", name, tracker, entry["frames_per_second"])
    write_json(stage.output(paths.TIMES / f"{name}.json"), times, indent=False)
