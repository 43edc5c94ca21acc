"""Make a tracker from command-line options, for `follow`, `vot` and `starts`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import InputError
from curation.rows import OWN
from pipelines import parameters, paths, settings
from training.tracking.roster import TRACKERS

if TYPE_CHECKING:
    from training.tracking.contenders import TrackConfig
    from training.tracking.interface import Tracker
    from training.tracking.run.benchmark_run import Contender


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tracker",
        default="siamese",
        metavar="NAME",
        help=f"{', '.join(TRACKERS)}, or one's own, {OWN} (siamese)",
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
