"""Read the annotations of one part of the dataset into columnar tracks.

Each file is parsed once. Faulty boxes and files stop the stage, or are counted and left out, as
`errors.policy` in params.yaml says; the counts are in reports/annotate/<subset>.json, with those of videos that
`leave_out` names.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import closing

from curation.errors import Skipped
from curation.files import write_json
from pipelines import paths, settings, sources
from pipelines.guard import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subset", help="part of the dataset, of those in params.yaml")


def run(options: argparse.Namespace, stage: Run) -> None:
    from curation.documents.annotated_tracks import Tracks, VideoTracks, write_tracks
    from curation.documents.manifest_record import load_manifest
    from curation.videos.annotations import annotate_videos

    runtime = settings.load()
    dataset = sources.open_part(stage.load("dataset"), runtime, options.subset)
    policy = stage.load("errors")
    manifest = load_manifest(paths.manifest(options.subset))
    skipped = Skipped()
    report = stage.output(paths.report("annotate", options.subset), even_if_failed=True)
    more = {"videos_left_out": dataset.left_out(options.subset), "first_frame_of": manifest.tested}

    def checked(videos: Iterable[tuple[str, VideoTracks]]) -> Iterator[tuple[str, VideoTracks]]:
        yield from videos
        write_json(report, {**skipped.report(), **{name: found for name, found in more.items() if found}})
        skipped.check(policy, stage=f"annotate {options.subset}")

    with (
        settings.cluster(runtime),
        closing(
            annotate_videos(
                dataset, options.subset, manifest, policy, runtime.workers, skipped, state=paths.STATE
            )
        ) as videos,
    ):
        head = Tracks(options.subset, {}, dataset.layout.still)
        write_tracks(stage.output(paths.tracks(options.subset)), head, checked(videos))
