"""`python -m pipelines <stage or tool> ...`: every stage runs alone as it does under DVC.

Bad input ends in one line on standard error and exit status 1; Ctrl-C in status 130.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from curation.cache_objects import refuse_empty
from curation.errors import InputError
from pipelines import paths

STAGES = ("sample", "manifest", "annotate", "crop", "imdb", "quality", "train", "track", "score")
TOOLS = (
    "summary",
    "settings",
    "profile",
    "doctor",
    "team",
    "push",
    "evaluate",
    "compare",
    "convert",
    "starts",
    "classic",
    "follow",
    "vot",
    "ablation",
    "table",
    "study",
)

log = logging.getLogger("pipelines")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run one stage or tool, and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Importing a stage imports its library; only the one asked for is imported.
    wanted = words[0] if words and words[0] in STAGES + TOOLS else None
    parser = argparse.ArgumentParser(prog="python -m pipelines", description="Run one stage, or a tool.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in STAGES + TOOLS:
        if wanted is None or name == wanted:
            module = import_module(f"pipelines.{name}" if name in STAGES else f"pipelines.tools.{name}")
            summary, _, description = (module.__doc__ or "").strip().partition("\n")
            command = commands.add_parser(
                name,
                help=summary,
                description=f"{summary}\n{description}",
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    if wanted and command.get_default("intermixed"):
        options = command.parse_intermixed_args(words[1:])
    else:
        options = parser.parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for package in ("curation", "training", "pipelines"):
        logging.getLogger(package).setLevel(logging.INFO)
    try:
        if wanted in STAGES and "DVC_STAGE" in os.environ:
            refuse_empty(Path(), paths.STATE / "cache")
        options.run(options)
    except InputError as error:
        log.error("error: %s", error)
        return 1
    except KeyboardInterrupt:
        log.error("interrupted: what was finished is kept; run again to go on")
        return 130
    except BrokenPipeError:
        return 141
    return 0


if __name__ == "__main__":
    sys.exit(main())
