"""Run the trackers over the sequences of one benchmark: one result file a sequence.

Finished sequences are kept in data/.store by content, so a killed run resumes, and one changed sequence is
tracked again alone. Times per frame are recorded apart from the results.
"""

from __future__ import annotations

import argparse
import logging
import shutil

from curation.files import write_json
from curation.manifest import load_manifest
from pipelines import parameters, paths, settings, sources
from training.device import pick_device
from training.tracking.contenders import contenders
from training.tracking.run import run_benchmark

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", help="whose sequences: a name, or the path of your own list")


def run(options: argparse.Namespace) -> None:
    runtime = settings.load()
    name = options.benchmark
    config = parameters.load("track")
    out = paths.RESULTS / name
    benchmark = sources.open_benchmark(parameters.load("dataset"), runtime, name)
    if out.exists():
        shutil.rmtree(out)
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
            out=out,
            store=paths.STORE / "results",
            workers=runtime.workers,
        )
    for tracker, entry in times["trackers"].items():
        log.info("%s, %s: %.1f frames/s", name, tracker, entry["frames_per_second"])
    write_json(paths.TIMES / f"{name}.json", times, indent=False)
