"""Cut the search-region crops of one subset, one tar a video.

Finished videos are kept in data/.store by content, so a killed run resumes at the first unfinished video,
and one changed video is cropped again alone.
"""

from __future__ import annotations

import argparse
import logging

from curation.files import write_json
from pipelines import paths, settings, sources, waiting
from pipelines.guard import Run

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subset", help="part of the dataset, of those in params.yaml")


def run(options: argparse.Namespace, stage: Run) -> None:
    from curation.crops.crop_subset import crop_subset
    from curation.documents.annotated_tracks import read_tracks
    from curation.documents.manifest_record import load_manifest
    from curation.images.codec import UNKNOWN, codec

    runtime = settings.load()
    subset = options.subset
    policy = stage.load("errors")
    with settings.cluster(runtime):
        report, skipped = crop_subset(
            sources.open_part(stage.load("dataset"), runtime, subset),
            subset,
            read_tracks(paths.tracks(subset)),
            load_manifest(paths.manifest(subset)),
            stage.load("crop"),
            stage.output(paths.CROPS / subset),
            paths.STORE / "crops",
            policy,
            runtime.workers,
            state=paths.STATE,
            check=stage.check,
        )
    reused = report.pop("reused")
    log.info(
        "crop %s: %d videos, %d of them finished earlier; %d crops",
        subset,
        report["videos"],
        reused,
        report["crops"],
    )
    for libraries, shards in report["made_with"].items():
        if libraries not in (codec(), UNKNOWN):
            log.warning(
                "note: %d of %d shards finished earlier were cut with %s, but here is %s, whose bytes may differ. "
                "To cut them again: rm -r %s && dvc repro -f -s crop@%s",
                shards,
                report["shards"],
                libraries,
                codec(),
                paths.STORE / "crops" / subset,
                subset,
            )
    if report["waiting"]:
        log.warning("crop %s: %s", subset, waiting.told(report["waiting"], subset))
    elif policy.policy == "skip" and (kept := waiting.forget(subset)):
        log.warning("crop %s: %s", subset, kept)
    write_json(stage.output(paths.report("crop", subset), even_if_failed=True), report)
    skipped.check(policy, stage=f"crop {subset}")
