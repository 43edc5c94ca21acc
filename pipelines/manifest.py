"""Record what the dataset holds: one manifest for each subset and each benchmark.

Always runs under DVC. Reads only videos whose files changed in name, size or time (setting `strict_manifest`
reads all), and writes the same bytes for the same data anywhere, so that nothing after it runs again. Where
the raw data are absent the recorded manifest is kept, and a line says so. So it does where crops lack boxes
because frames could not be read. With --strict it also cuts a sample of the stored crops again, and compares.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from curation.documents.manifest_record import Manifest, load_manifest
from curation.errors import InputError, some
from curation.files import digest
from curation.layouts.layout_table import Layout
from curation.manifest import SequenceFiles, first_frames, record, scan, scan_sequences
from curation.rows import is_own, own_digest
from curation.videos.dataset import VID
from pipelines import parameters, paths, settings, sources, waiting
from pipelines.guard import Run
from pipelines.settings import Settings
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import is_path, root_settings
from training.tracking.online.box_head_file import box_head_digest
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
    tested: dict[bytes, str] = {}
    with settings.cluster(runtime):
        makers = {
            **{
                name: partial(_benchmark, config, runtime, name, strict, code, tested)
                for name in config.benchmarks
            },
            **{
                subset: partial(_subset, config, runtime, subset, strict, tested) for subset in config.subsets
            },
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


def _subset(
    config: sources.DatasetConfig, runtime: Settings, subset: str, strict: bool, tested: Mapping[bytes, str]
) -> Manifest:
    """The manifest of a part; `tested` has the first frames of the benchmarks."""
    dataset = sources.open_part(config, runtime, subset)
    found = scan(dataset, subset, state=paths.STATE, strict=strict, workers=runtime.workers)
    layout, rules = dataset.part.layout, dataset.part.rules
    # The code of a layout of one's own decides what the annotations say.
    code = own_digest(layout) if is_own(layout) else layout
    recipe = {"recipe": dataset.layout.recipe} if dataset.layout.recipe > 1 else {}
    said = " ".join([code, *(f"{name}={value}" for name, value in {**recipe, **rules}.items())])
    if said == "vid":
        return found
    return replace(found, source=said, tested=_tested(found, dataset.layout, tested))


def _tested(found: Manifest, layout: Layout, tested: Mapping[bytes, str]) -> dict[str, str]:
    """The part's videos that begin as a sequence of a benchmark does. Of benchmarks that are not here, as recorded."""
    firsts = first_frames(found, state=paths.STATE, natural_order=not layout.form)
    same = {name: tested[first] for name, first in firsts.items() if first in tested}
    here = {sequence.partition("/")[0] for sequence in tested.values()}
    path = paths.manifest(found.name)
    before = load_manifest(path).tested if path.is_file() else {}
    kept = {
        name: sequence
        for name, sequence in before.items()
        if name in found.entries and sequence.partition("/")[0] not in here
    }
    if same:
        log.warning(
            "note: part %s has %d videos that begin as sequences of benchmarks do, the first %s (%s); where that is "
            "tested, leave them out: dataset.parts.%s.leave_out",
            found.name,
            len(same),
            *min(same.items()),
            found.name,
        )
    return {**kept, **same}


def own_code(config: TrackConfig) -> dict[str, str]:
    """Digests of the user's trackers, backbone and box head: `track` runs again after an edit."""
    own = {own.name: own.digest for choice in config.trackers if (own := own_tracker(choice))}
    if is_own(config.backbone.name):
        own["backbone"] = own_digest(config.backbone.name)
    if config.online.refine.share and config.online.refine.weights:
        own["box head"] = box_head_digest(Path(config.online.refine.weights))
    return own


def refuse_edited(found: Manifest, config: TrackConfig) -> None:
    """Raise `InputError` if the user's code or box head is no longer what a benchmark's manifest, and so DVC, names."""
    now = own_code(config)
    edited = sorted(name for name in {**found.code, **now} if found.code.get(name) != now.get(name))
    if edited:
        raise InputError(
            f"{some(edited)} changed since the manifest stage ran; results would be recorded as of what was then",
            do="Run dvc repro again: it records what is there first",
            reason="changed while running",
        )


def _benchmark(
    config: sources.DatasetConfig,
    runtime: Settings,
    name: str,
    strict: bool,
    code: dict[str, str],
    tested: dict[bytes, str],
) -> Manifest:
    """The manifest of a benchmark, whose first frames are added to `tested`."""
    benchmark = sources.open_benchmark(config, runtime, name)
    if benchmark.missing:
        log.info(
            "%s: %d sequences are missing: %s", name, len(benchmark.missing), ", ".join(benchmark.missing)
        )
    found = scan_benchmark(benchmark, runtime, strict=strict)
    if any(config.part(part) != VID for part in config.subsets):
        for sequence, first in first_frames(found, state=paths.STATE).items():
            tested.setdefault(first, f"{benchmark.name}/{sequence}")
    # What a list says beside its sequences matters to score.
    return replace(found, source=digest(Path(name).read_bytes()) if is_path(name) else None, code=code)


def scan_benchmark(benchmark: Benchmark, runtime: Settings, *, strict: bool = False) -> Manifest:
    """`curation.manifest.scan_sequences` for a benchmark loaded with its images."""
    return scan_sequences(
        benchmark.name,
        [SequenceFiles(s.name, s.frames, s.annotation_files) for s in benchmark.sequences],
        state=paths.STATE,
        strict=strict,
        workers=runtime.workers,
    )


def warn_of_unused_roots(config: sources.DatasetConfig, runtime: Settings) -> None:
    """Warn of every set folder that is not used, because params.yaml uses the built-in data."""
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
