"""Run the trackers on the sequences of one benchmark.

Finished sequences are kept in data/.store by content, so a killed run resumes, and one changed sequence is
tracked again alone. Times per frame are recorded apart from the results.
With --tracker it is no stage: it runs that one tracker by hand and writes its results to --out.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from curation.errors import InputError
from curation.files import write_json
from pipelines import paths, settings, sources, trackers
from pipelines.benchmarks import add_benchmark
from pipelines.guard import Run

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser)
    trackers.add_arguments(parser, default=None)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the results of --tracker go")


def by_hand(options: argparse.Namespace) -> bool:
    """Whether this run makes no outputs of the stage."""
    return bool(options.tracker)


def run(options: argparse.Namespace, stage: Run | None = None) -> None:
    if stage is None:
        if options.out is None:
            raise InputError("--tracker was given without --out", do="Say where its results go: --out FOLDER")
        trackers.run_by_hand(options, (None,))
        return
    if given := [
        name for name in ("root", "weights", "backbone", "convention", "out") if getattr(options, name)
    ]:
        raise InputError(
            f"--{given[0]} is for a tracker that is run by hand", do="Name it too: --tracker NAME"
        )
    runtime = settings.load()
    name = options.benchmark
    config = stage.load("track")
    benchmark = sources.open_benchmark(stage.load("dataset"), runtime, name)
    # Only now, as they load torch: errors of what the user gave come at once.
    from curation.documents.manifest_record import load_manifest
    from pipelines.environment import machine
    from pipelines.manifest import refuse_edited
    from training.device import pick_device
    from training.tracking.contenders import contenders
    from training.tracking.run.benchmark_run import run_benchmark

    device = str(pick_device(runtime.device))
    manifest = load_manifest(paths.manifest(name))
    refuse_edited(manifest, config)
    with settings.cluster(runtime):
        times = run_benchmark(
            benchmark,
            contenders(
                config,
                weights=paths.WEIGHTS,
                backbone=runtime.backbone_file,
                device=device,
            ),
            manifest=manifest,
            out=stage.output(paths.RESULTS / name),
            store=paths.STORE / "results",
            state=paths.STATE,
            workers=runtime.workers,
            check=stage.check,
        )
    for tracker, entry in times["trackers"].items():
        log.info("%s, %s: %.1f frames/s", name, tracker, entry["frames_per_second"])
    times = {**times, "machine": f"{machine()}, on {device}"}
    write_json(stage.output(paths.TIMES / f"{name}.json"), times, indent=False)
