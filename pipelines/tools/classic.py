"""Export or import loose crops, as SiamFC's, DSLT's and PySOT's loaders read them.

    python -m pipelines classic export OUT           # our crops and indices as loose files and JSON
    python -m pipelines classic import CURATED       # loose crops, byte for byte, as shards and imdb
After an import, train on it without curating: dvc repro --single-item train
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines import parameters, paths, settings

AFTER = "Train on them: dvc repro --single-item train. A whole dvc repro makes those of dataset.subsets again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from curation.classic.forms import FORMS

    written = [name for name, form in FORMS.items() if form.writer]
    ways = parser.add_subparsers(dest="way", required=True, metavar="WAY")
    export = ways.add_parser("export", help="write the tree and both indices of a form")
    export.add_argument("folder", type=Path, metavar="OUT", help="the curated folder to write")
    export.add_argument("--form", choices=written, default="classic", help="whose form (%(default)s)")
    export.add_argument("--part", nargs="+", default=[], metavar="PART", help="parts of the dataset (all)")
    export.add_argument("--no-exemplars", action="store_true", help="search crops only, which training reads")
    read = ways.add_parser("import", help="pack a tree of crops into shards and imdb")
    read.add_argument(
        "folder", type=Path, metavar="CURATED", help="folder that holds Data/VID/train, crop511 or the videos"
    )
    read.add_argument("--form", choices=list(FORMS), default="classic", help="whose form (%(default)s)")
    read.add_argument("--indices", type=Path, help="folder of the indices (CURATED)")
    read.add_argument("--part", default="", help="the part that all videos go to (as the tree has it)")
    read.add_argument("--skip", action="store_true", help="leave out crops that are missing or damaged")


def run(options: argparse.Namespace) -> None:
    from curation.classic.exporter import export_classic
    from curation.classic.importer import import_classic

    runtime = settings.load()
    with settings.cluster(runtime):
        if options.way == "export":
            report = export_classic(
                paths.IMDB,
                paths.CROPS,
                options.folder,
                exemplars=not options.no_exemplars,
                form=options.form,
                parts=options.part,
                workers=runtime.workers,
            )
        else:
            report = import_classic(
                options.folder,
                options.indices or options.folder,
                parameters.load("crop"),
                paths.CROPS,
                paths.IMDB,
                form=options.form,
                part=_plain(options.part),
                val_fraction=parameters.load("imdb").val_fraction,
                skip=options.skip,
                workers=runtime.workers,
            )
    for name, value in report.items():
        if not isinstance(value, dict):
            sys.stdout.write(f"{name.replace('_', ' ')}: {value}\n")
    if options.way == "import":
        sys.stdout.write(f"{paths.IMDB} lists these crops alone. {AFTER}\n")


def _plain(part: str) -> str:
    """A part's name, or none; raises `InputError` for one that no folder can have."""
    from curation.classic.layout import plain_name
    from curation.errors import InputError

    if part and not plain_name(part):
        raise InputError(f"--part {part}: not a plain name", do="Use letters, digits and _ . + -")
    return part
