"""Show the curated data: contact sheets, distributions, the strangest tracks, skipped items and reasons.

Pictures go to reports/quality/pictures, the numbers to reports/quality/quality.json.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from curation.files import write_json
from curation.quality.quality_report import report_quality
from pipelines import paths, settings
from pipelines.guard import Run
from training.benchmark.sequences.held_out import listed

log = logging.getLogger(__name__)


def run(options: argparse.Namespace, stage: Run) -> None:
    del options
    runtime = settings.load()
    subsets = stage.load("dataset").subsets
    with settings.cluster(runtime):
        report = report_quality(
            paths.ANNOTATIONS,
            paths.CROPS,
            subsets,
            stage.load("quality"),
            stage.output(paths.REPORTS / "quality" / "pictures"),
            runtime.workers,
            skip_reports={
                f"{name} {subset}": paths.report(name, subset)
                for name in ("annotate", "crop")
                for subset in subsets
            },
            listed=listed,
        )
    for line in _warnings(report["tested"]):
        log.warning("%s", line)
    write_json(stage.output(paths.report("quality", "quality")), report)


def _warnings(tested: Mapping[str, Any]) -> Iterator[str]:
    """A line for each part and list of test videos that it has videos of; lists with some of the same share it."""
    for part, found in tested.items():
        called = {name: dict.fromkeys(videos) for name, videos in found.get("called", {}).items()}
        while called:
            name = max(called, key=lambda one: len(called[one]))
            videos = called.pop(name)
            also = [other for other, some in called.items() if some.keys() <= videos.keys()]
            for other in also:
                del called[other]
            yield (
                f"note: part {part} has {len(videos):,} videos that are called as those of {name}"
                f"{' (some also in ' + ', '.join(also) + ')' if also else ''}, the first {next(iter(videos))}; where "
                f"that is tested, leave them out: dataset.parts.{part}.leave_out: [{name}]"
            )
