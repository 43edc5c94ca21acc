"""Make a tracker from command-line options, for `track`, `follow`, `vot` and `starts`, and run it by hand."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from curation.errors import InputError
from curation.rows import OWN
from pipelines import parameters, paths, settings
from pipelines.benchmarks import open_benchmark
from training.tracking.roster import TRACKERS, TRAX

if TYPE_CHECKING:
    from training.tracking.contenders import TrackConfig
    from training.tracking.interface import Tracker
    from training.tracking.run.benchmark_run import Contender

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser, default: str | None = "siamese") -> None:
    parser.add_argument(
        "--tracker",
        default=default,
        metavar="NAME",
        help=f"{', '.join(TRACKERS)}, or one's own, {OWN}, or {TRAX}COMMAND that speaks TraX"
        f"{f' ({default})' if default else ''}",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="of the network; without it, the network trained here, or for online what params.yaml names",
    )
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        help="online: what --weights holds, a name as for track.backbone in params.yaml (squeezenet)",
    )


def choose(options: argparse.Namespace) -> Contender:
    """The tracker that the command line names, with the settings of params.yaml.

    Raises
    ------
    InputError
        If its weights are missing, damaged, or not those that params.yaml names; if `--backbone` is given alone.
    """
    from training.device import pick_device
    from training.tracking.contenders import contenders
    from training.tracking.online.backbones.choice import BACKBONES, BackboneConfig
    from training.tracking.online.backbones.weight_files import sha256_of

    if options.backbone and not options.weights:
        raise InputError(
            f"--backbone {options.backbone} was given without --weights, which it describes",
            do="Give its file: --weights FILE; or leave it out, and params.yaml says which backbone",
        )
    runtime = settings.load()
    config: TrackConfig = parameters.load("track")
    if not options.tracker.startswith(TRAX):
        TRACKERS[options.tracker]  # an unknown name ends here
    with_arguments = [c for c in config.trackers if not isinstance(c, str) and options.tracker in c]
    config = replace(config, trackers=(*(with_arguments or [options.tracker]),), online_seeds=1)
    trained, file = paths.WEIGHTS, runtime.backbone_file
    name = options.backbone or "squeezenet"
    if options.weights and (options.tracker == "siamese" or BACKBONES[name].trained):
        trained = options.weights
        config = replace(config, backbone=BackboneConfig(precision=config.backbone.precision))
    elif options.weights:
        file = options.weights
        chosen = BackboneConfig(name=name, sha256=sha256_of(file), precision=config.backbone.precision)
        config = replace(config, backbone=chosen)
    [contender] = contenders(config, weights=trained, backbone=file, device=str(pick_device(runtime.device)))
    return contender


def make_tracker(options: argparse.Namespace) -> Tracker:
    """A tracker as of `choose`, ready to be started."""
    return choose(options).make()


def run_by_hand(options: argparse.Namespace, starts: Sequence[Literal["tre", "sre"] | None]) -> None:
    """Run the tracker of the command line on its benchmark, once for each of `starts` (None: one pass).

    Finished sequences are kept in data/.store; results go to `--out`.

    Raises
    ------
    InputError
        As `choose`, `open_benchmark` and `run_benchmark`; or for starts of a benchmark that has no such score.
    """
    from pipelines.manifest import scan_benchmark
    from training.tracking.run.benchmark_run import run_benchmark

    runtime = settings.load()
    contender = choose(options)
    benchmark = open_benchmark(options, images=True)
    if benchmark.kind != "ope" and any(starts):
        raise InputError(
            f"TRE and SRE are not for {benchmark.title}", do="Name a one-pass benchmark, such as otb2015"
        )
    if benchmark.missing:
        log.warning("%s: %d sequences are missing", benchmark.title, len(benchmark.missing))
    with settings.cluster(runtime):
        manifest = scan_benchmark(benchmark, runtime)
        for one in starts:
            times = run_benchmark(
                benchmark,
                [contender],
                manifest=manifest,
                out=options.out,
                store=paths.STORE / "results",
                state=paths.STATE,
                workers=runtime.workers,
                starts=one,
            )
            rate = times["trackers"][contender.name]["frames_per_second"]
            what, flag = (f"{one.upper()}, ", f" --starts {one}") if one else ("", "")
            sys.stdout.write(
                f"{benchmark.title}, {what}{contender.name}: {len(benchmark.sequences)} sequences, "
                f"{rate:.1f} frames/s. Score them: python -m pipelines evaluate {options.benchmark} {options.out}"
                f"{flag}\n"
            )
