"""Record what the dataset holds: one manifest for each subset and each benchmark.

Always runs under DVC. Reads only videos whose files changed in name, size or time (setting `strict_manifest`
reads all), and writes the same bytes for the same data anywhere, so that nothing after it runs again. Where
the raw data are absent the recorded manifest is kept, and a line says so. So it does where crops lack boxes
because frames could not be read. With --strict it also cuts a sample of the stored crops again, and compares.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from curation.documents.manifest_record import Manifest
from curation.files import digest
from curation.manifest import SequenceFiles, record, scan, scan_sequences
from curation.rows import is_own, own_digest
from pipelines import parameters, paths, settings, sources, waiting
from pipelines.guard import Run
from pipelines.settings import Settings
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import is_path, root_settings
from training.tracking.roster import own_tracker

if TYPE_CHECKING:
    from training.tracking.track_config import TrackConfig

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strict", action="store_true", help="read every file, whatever its size and time say"
    )


def run(options: argparse.Namespace, stage: Run) -> None:
    parameters.check(stage.parameters)
    runtime = settings.load()
    config = stage.load("dataset")
    code = own_code(stage.load("track"))
    strict = options.strict or runtime.strict_manifest
    warn_of_unused_roots(config, runtime)
    with settings.cluster(runtime):
        makers = {
            **{subset: partial(_subset, config, runtime, subset, strict) for subset in config.subsets},
            **{name: partial(_benchmark, config, runtime, name, strict, code) for name in config.benchmarks},
        }
        unchanged = []
        for name, make in makers.items():
            done = record(paths.manifest(name), make, write_to=stage.output)
            if done.changed or done.kept:
                log.info("%s", done.note)
            else:
                unchanged.append(name)
    for stale in sorted(set(paths.MANIFEST.rglob("*.json")) - {paths.manifest(name) for name in makers}):
        stage.remove(stale)
    for line in waiting.lines(config.subsets):
        log.warning("%s", line)
    if options.strict:
        from pipelines import evidence  # here: it loads all that crops are made with

        for line in evidence.wrong_crops(unchanged, runtime.workers):
            log.warning("%s", line)


def _subset(config: sources.DatasetConfig, runtime: Settings, subset: str, strict: bool) -> Manifest:
    dataset = sources.open_part(config, runtime, subset)
    found = scan(dataset, subset, state=paths.STATE, strict=strict, workers=runtime.workers)
    layout, rules = dataset.part.layout, dataset.part.rules
    # The code of a layout of one's own decides what the annotations say.
    code = own_digest(layout) if is_own(layout) else layout
    said = " ".join([code, *(f"{name}={value}" for name, value in rules.items())])
    return found if said == "vid" else replace(found, source=said)


def own_code(config: TrackConfig) -> dict[str, str]:
    """Digests of the code of trackers and of a backbone of one's own: where it is edited, `track` runs again."""
    own = {own.name: own.digest for choice in config.trackers if (own := own_tracker(choice))}
    return own | ({"backbone": own_digest(config.backbone.name)} if is_own(config.backbone.name) else {})


def _benchmark(
    config: sources.DatasetConfig, runtime: Settings, name: str, strict: bool, code: dict[str, str]
) -> Manifest:
    benchmark = sources.open_benchmark(config, runtime, name)
    if benchmark.missing:
        log.info(
            "%s: %d sequences are missing: %s", name, len(benchmark.missing), ", ".join(benchmark.missing)
        )
    found = scan_benchmark(benchmark, runtime, strict=strict)
    # What a list says beside its sequences matters to score.
    return replace(found, source=digest(Path(name).read_bytes()) if is_path(name) else None, code=code)


def scan_benchmark(benchmark: Benchmark, runtime: Settings, *, strict: bool = False) -> Manifest:
    """`curation.manifest.scan_sequences` of a benchmark that was loaded with its images."""
    return scan_sequences(
        benchmark.name,
        [SequenceFiles(s.name, s.frames, s.annotation_files) for s in benchmark.sequences],
        state=paths.STATE,
        strict=strict,
        workers=runtime.workers,
    )


def warn_of_unused_roots(config: sources.DatasetConfig, runtime: Settings) -> None:
    """Warn of every folder that is set while params.yaml uses the built-in data in its place."""
    if runtime.vid_root and sources.built_in(config.vid):
        log.warning(
            "note: vid_root is set, but params.yaml uses the built-in videos; "
            "run: python -m pipelines profile ilsvrc15"
        )
    unused = [name for name, place in runtime.roots.items() if place and name in root_settings().values()]
    if unused and sources.built_in(config.sequences):
        log.warning(
            "note: %s set, but params.yaml uses the built-in sequences; "
            "run: python -m pipelines profile benchmarks",
            f"{', '.join(unused)} {'are' if len(unused) > 1 else 'is'}",
        )
