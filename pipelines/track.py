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
from training.benchmark.listing import BENCHMARKS
from training.benchmark.sequences import load_benchmark
from training.device import pick_device
from training.tracking.contenders import contenders
from training.tracking.run import run_benchmark

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", choices=(*BENCHMARKS, "otb50"), help="whose sequences")


def run(options: argparse.Namespace) -> None:
    runtime = settings.load()
    name = options.benchmark
    config = parameters.load("track")
    out = paths.RESULTS / name
    benchmark = load_benchmark(name, sources.needed_sequence_roots(parameters.load("dataset"), runtime, name))
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
            state=paths.STATE,
            workers=runtime.workers,
        )
    for tracker, entry in times["trackers"].items():
        log.info("%s, %s: %.1f frames/s", name, tracker, entry["frames_per_second"])
    write_json(paths.TIMES / f"{name}.json", times, indent=False)
