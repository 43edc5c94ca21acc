"""Show what was curated: contact sheets, distributions, the strangest tracks, what was skipped and why.

Pictures go to reports/quality/pictures, the numbers to reports/quality/quality.json.
"""

from __future__ import annotations

import argparse

from curation.files import write_json
from curation.quality.quality_report import report_quality
from pipelines import paths, settings
from pipelines.guard import Run


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
        )
    write_json(stage.output(paths.report("quality", "quality")), report)
