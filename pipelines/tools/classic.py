"""Export or import loose crops, as SiamFC-PyTorch and py-DSLT read them.

    python -m pipelines classic export OUT           # our crops and indices as loose files and indented JSON
    python -m pipelines classic import CURATED       # loose crops, byte for byte, as shards and imdb
After an import, train on it without curating: dvc repro --single-item train
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines import parameters, paths, settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_subparsers(dest="way", required=True, metavar="WAY")
    export = ways.add_parser("export", help="write the classic tree and both indices")
    export.add_argument("folder", type=Path, metavar="OUT", help="the curated folder to write")
    export.add_argument("--no-exemplars", action="store_true", help="search crops only, which training reads")
    read = ways.add_parser("import", help="pack a classic tree into shards and imdb")
    read.add_argument("folder", type=Path, metavar="CURATED", help="folder that holds Data/VID/train/<a..e>")
    read.add_argument("--indices", type=Path, help="folder of the classic imdb_video_*.json (CURATED)")


def run(options: argparse.Namespace) -> None:
    from curation.classic import export_classic, import_classic

    runtime = settings.load()
    with settings.cluster(runtime):
        if options.way == "export":
            report = export_classic(
                paths.IMDB,
                paths.CROPS,
                options.folder,
                exemplars=not options.no_exemplars,
                workers=runtime.workers,
            )
        else:
            report = import_classic(
                options.folder,
                options.indices or options.folder,
                parameters.load("crop"),
                paths.CROPS,
                paths.IMDB,
                workers=runtime.workers,
            )
    for name, value in report.items():
        if not isinstance(value, dict):
            sys.stdout.write(f"{name.replace('_', ' ')}: {value}\n")
