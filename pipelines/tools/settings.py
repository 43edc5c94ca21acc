"""Show or set runtime settings: paths of data, jobs, backend, device.

Settings live in `.settings.toml` (git-ignored) or in DSLT_* environment variables, which win. They change
no result, so changing them re-runs nothing but the manifest's scan.
"""

from __future__ import annotations

import argparse
import sys

from curation.errors import InputError
from pipelines import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        nargs="+",
        metavar="NAME=VALUE",
        default=[],
        help="write settings to .settings.toml; an empty value removes one",
    )


def run(options: argparse.Namespace) -> None:
    if options.set:
        settings.store(dict(_pair(text) for text in options.set))
    width = max(map(len, settings.sources()))
    for name, (value, source) in settings.sources().items():
        sys.stdout.write(f"{name:<{width}}  {value!s:<30}  ({source})\n")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(
            f"--set {text}: expected NAME=VALUE", do="For example: --set vid_root=/data/ILSVRC2015"
        )
    return name, value
