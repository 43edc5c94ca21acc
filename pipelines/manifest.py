"""Note what the dataset holds, by content: one manifest a subset and a benchmark.

Always runs under DVC. Reads only videos whose files changed in name, size or time (setting `strict_manifest`
reads all), and writes the same bytes for the same data anywhere, so that nothing after it runs again. Where
the raw data are absent the recorded manifest is kept, and a line says so. So it does where crops lack boxes
because frames could not be read. With --strict it also cuts a sample of the stored crops again, and compares.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from typing import Any

from curation.dataset import open_dataset
from curation.manifest import SequenceFiles, record, scan, scan_sequences
from pipelines import parameters, paths, settings, sources, waiting
from pipelines.guard import Run
from pipelines.settings import Settings
from training.benchmark.sequences import Benchmark, load_benchmark

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strict", action="store_true", help="read every file, whatever its size and time say"
    )


def run(options: argparse.Namespace, stage: Run) -> None:
    for section in parameters.SECTIONS:  # so that a slip in `train` shows before hours of cropping, not after
        stage.load(section)
    runtime = settings.load()
    config = stage.load("dataset")
    strict = options.strict or runtime.strict_manifest
    _warn_of_unused_roots(config, runtime)
    with settings.cluster(runtime):
        makers = {
            **{subset: partial(_subset, config, runtime, subset, strict) for subset in config.subsets},
            **{name: partial(_benchmark, config, runtime, name, strict) for name in config.benchmarks},
        }
        unchanged = []
        for name, make in makers.items():
            done = record(paths.manifest(name), make, write_to=stage.output)
            if done.changed or done.kept:
                log.info("%s", done.note)
            else:
                unchanged.append(name)
    for stale in sorted(set(paths.MANIFEST.glob("*.json")) - {paths.manifest(name) for name in makers}):
        stage.remove(stale)
    for line in waiting.lines(config.subsets):
        log.warning("%s", line)
    if options.strict:
        from pipelines import evidence  # here: it loads all that crops are made with

        for line in evidence.wrong_crops(unchanged, runtime.workers):
            log.warning("%s", line)


def _subset(config: sources.DatasetConfig, runtime: Settings, subset: str, strict: bool) -> dict[str, Any]:
    dataset = open_dataset(sources.needed_vid_root(config, runtime))
    return scan(dataset, subset, state=paths.STATE, strict=strict, workers=runtime.workers)


def _benchmark(config: sources.DatasetConfig, runtime: Settings, name: str, strict: bool) -> dict[str, Any]:
    benchmark = load_benchmark(name, sources.needed_sequence_roots(config, runtime, name))
    if benchmark.missing:
        log.info(
            "%s: %d sequences are missing: %s", name, len(benchmark.missing), ", ".join(benchmark.missing)
        )
    return scan_benchmark(benchmark, runtime, strict=strict)


def scan_benchmark(benchmark: Benchmark, runtime: Settings, *, strict: bool = False) -> dict[str, Any]:
    """`curation.manifest.scan_sequences` of a benchmark that was loaded with its images."""
    return scan_sequences(
        benchmark.name,
        [SequenceFiles(s.name, s.frames, s.annotation_files) for s in benchmark.sequences],
        state=paths.STATE,
        strict=strict,
        workers=runtime.workers,
    )


def _warn_of_unused_roots(config: sources.DatasetConfig, runtime: Settings) -> None:
    if runtime.vid_root and sources.vid_root(config, Settings()) is not None:
        log.warning(
            "note: vid_root is set, but params.yaml uses the built-in videos; "
            "run: python -m pipelines profile ilsvrc15"
        )
    if sources.sequence_roots(config, Settings(), "otb2013") and (runtime.otb_root or runtime.vot2016_root):
        log.warning(
            "note: benchmark roots are set, but params.yaml uses the built-in sequences; "
            "run: python -m pipelines profile benchmarks"
        )
