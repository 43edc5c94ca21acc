"""Run a tracker from other first frames and boxes, for OTB's scores TRE and SRE.

    python -m pipelines starts otb2015 --tracker siamese --out runs/
    python -m pipelines evaluate otb2015 runs/ --starts tre          # then the same with sre
TRE starts the tracker in 20 frames of each sequence, SRE on 12 disturbed first boxes: about ten and twelve times the
work of one pass. Finished sequences are kept, so a run that was stopped goes on where it was. Sequences come from
--root, the settings, or the built-in dataset.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from curation.errors import InputError
from pipelines import paths, settings, trackers
from pipelines.tools.evaluate import add_benchmark, open_benchmark

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser)
    trackers.add_arguments(parser)
    parser.add_argument("--only", choices=("tre", "sre"), help="one of the two (both)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where TRE/ and SRE/ go")


def run(options: argparse.Namespace) -> None:
    from pipelines.manifest import scan_benchmark
    from training.tracking.run.benchmark_run import run_benchmark

    runtime = settings.load()
    contender = trackers.choose(options).contender
    benchmark = open_benchmark(options, images=True)
    if benchmark.kind != "ope":
        raise InputError(
            f"TRE and SRE are not for {benchmark.title}", do="Name a one-pass benchmark, such as otb2015"
        )
    if benchmark.missing:
        log.warning("%s: %d sequences are missing", benchmark.title, len(benchmark.missing))
    with settings.cluster(runtime):
        manifest = scan_benchmark(benchmark, runtime)
        for starts in (options.only,) if options.only else ("tre", "sre"):
            times = run_benchmark(
                benchmark,
                [contender],
                manifest=manifest,
                out=options.out,
                store=paths.STORE / "results",
                state=paths.STATE,
                workers=runtime.workers,
                starts=starts,
            )
            rate = times["trackers"][contender.name]["frames_per_second"]
            sys.stdout.write(
                f"{benchmark.title}, {starts.upper()}, {contender.name}: {len(benchmark.sequences)} sequences, "
                f"{rate:.1f} frames/s. Score them: python -m pipelines evaluate {benchmark.name} {options.out} "
                f"--starts {starts}\n"
            )
