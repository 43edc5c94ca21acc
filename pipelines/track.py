"""Run the trackers on the sequences of one benchmark.

Finished sequences are kept in data/.store by content, so a killed run resumes, and one changed sequence is
tracked again alone. Times per frame are recorded apart from the results.
"""

from __future__ import annotations

import argparse
import logging

from curation.files import write_json
from pipelines import paths, settings, sources
from pipelines.guard import Run

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", help="whose sequences: a name, or the path of your own list")


def run(options: argparse.Namespace, stage: Run) -> None:
    from curation.documents.manifest_record import load_manifest
    from training.device import pick_device
    from training.tracking.contenders import contenders
    from training.tracking.run.benchmark_run import run_benchmark

    runtime = settings.load()
    name = options.benchmark
    config = stage.load("track")
    benchmark = sources.open_benchmark(stage.load("dataset"), runtime, name)
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
            state=paths.STATE,
            workers=runtime.workers,
            check=stage.check,
        )
    for tracker, entry in times["trackers"].items():
        log.info("%s, %s: %.1f frames/s", name, tracker, entry["frames_per_second"])
    write_json(stage.output(paths.TIMES / f"{name}.json"), times, indent=False)
