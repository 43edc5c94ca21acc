"""Serve a tracker to the VOT toolkit through TraX, or print how to register it there.

    python -m pipelines vot --tracker online --register >> workspace/trackers.ini
The toolkit then starts `python -m pipelines vot --tracker online` itself, once a run, in this folder, whose settings,
parameters and weights count. Needs the package vot-trax: pip install -e ".[vot]".
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from curation.errors import InputError
from pipelines import trackers
from training.tracking.roster import own_tracker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    trackers.add_arguments(parser)
    parser.add_argument(
        "--register", action="store_true", help="print the entry for the toolkit's trackers.ini"
    )


def run(options: argparse.Namespace) -> None:
    trackers.check_options(options)
    if options.register:
        sys.stdout.write(registration(options))
        return
    try:
        import trax  # noqa: F401
    except ImportError:
        raise InputError(
            "the package vot-trax is not installed", do='Run: pip install -e ".[vot]" -c constraints.txt'
        ) from None
    if sys.stdin.isatty():
        raise InputError(
            "vot speaks with a TraX client on standard input, not with a person",
            do="Register it with the VOT toolkit: python -m pipelines vot --register",
        )
    from training.tracking.trax_server import prints_aside, serve

    with prints_aside() as output:
        serve(trackers.choose(options).contender.make(), f"DSLT-{_short(options)}", output)


def registration(options: argparse.Namespace) -> str:
    """The entry of the toolkit's tracker registry that starts this very server, in this folder."""
    words = [sys.executable, "-m", "pipelines", "vot", "--tracker", options.tracker]
    if options.weights:
        words += ["--weights", str(options.weights.resolve())]
    if options.backbone:
        words += ["--backbone", options.backbone]
    if options.convention:
        words += ["--convention", options.convention]
    script = f"cd {shlex.quote(str(Path.cwd()))} && exec {shlex.join(words)}"
    return (
        f"[dslt_{_short(options)}]\n"
        f"label = DSLT {_short(options)}\n"
        "protocol = trax\n"
        f"command = {shlex.join(['sh', '-c', script])}\n"
    )


def _short(options: argparse.Namespace) -> str:
    """The tracker's name; of one's own without the place of its code."""
    own = own_tracker(options.tracker)
    return own.name if own else str(options.tracker)
