"""Join tracks and shard offsets into the two indices that training reads.

Writes data/imdb/imdb_video_train.json and imdb_video_val.json; statistics of tracks, lengths, box sizes and
gaps go to reports/imdb/statistics.json.
"""

from __future__ import annotations

import argparse

from curation.files import write_json
from curation.imdb import build_imdb
from pipelines import paths, settings
from pipelines.guard import Run


def run(options: argparse.Namespace, stage: Run) -> None:
    del options
    runtime = settings.load()
    with settings.cluster(runtime):
        report = build_imdb(
            paths.ANNOTATIONS,
            paths.CROPS,
            stage.load("dataset").subsets,
            stage.load("imdb"),
            stage.output(paths.IMDB),
            runtime.workers,
        )
    write_json(stage.output(paths.report("imdb", "statistics")), report)
