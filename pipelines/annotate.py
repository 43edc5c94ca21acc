"""Read the XML annotations of one subset into columnar tracks.

Each XML file is parsed once. Faulty boxes and files stop the stage, or are counted and left out, as
`errors.policy` in params.yaml says; the counts are in reports/annotate/<subset>.json.
"""

from __future__ import annotations

import argparse

from curation.annotations import annotate_subset, write_annotations
from curation.dataset import SUBSETS, open_dataset
from curation.files import write_json
from curation.manifest import load_manifest
from pipelines import parameters, paths, settings, sources


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subset", choices=SUBSETS, help="part of the dataset (e is the validation set)")


def run(options: argparse.Namespace) -> None:
    runtime = settings.load()
    dataset = open_dataset(sources.needed_vid_root(parameters.load("dataset"), runtime))
    policy = parameters.load("errors")
    with settings.cluster(runtime):
        document, skipped = annotate_subset(
            dataset,
            options.subset,
            load_manifest(paths.manifest(options.subset)),
            policy,
            runtime.workers,
            state=paths.STATE,
        )
    write_json(paths.report("annotate", options.subset), skipped.report())
    skipped.check(policy, stage=f"annotate {options.subset}")
    write_annotations(paths.tracks(options.subset), document)
