"""Curves as CSV tables for `dvc plots show`: one row for each tracker and threshold of each benchmark.

The template `.dvc/plots/curves.json` draws them: a panel for each benchmark, a colour for each tracker, a
dash pattern for each revision.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from curation.files import write_bytes
from training.benchmark.scores.curve_table import CURVES, Curve
from training.benchmark.scores.score_document import Scores


def curve_rows(scores: Mapping[str, Scores], curve: Curve) -> list[tuple[str, str, float, float]]:
    """Rows `(benchmark, tracker, x, y)` of one curve, over all benchmarks and trackers that have it.

    Parameters
    ----------
    scores : mapping of benchmark to Scores
    curve : Curve
        x is a threshold, or a length in frames from 1 to the end of EAO's interval.

    Returns
    -------
    list of tuple
        In the order of the documents; empty if none has the curve.
    """
    rows = []
    for document in scores.values():
        last = document.interval[1] if document.interval else None
        for tracker, content in document.trackers.items():
            values = content.overall.curves.get(curve.name, ())[:last]
            x = thresholds(curve, len(values))
            rows += [
                (document.title, tracker, a, round(float(b), 6))
                for a, b in zip(x, values, strict=True)
                if b is not None and math.isfinite(b)
            ]
    return rows


def thresholds(curve: Curve, count: int) -> Sequence[float]:
    """The x axis of a curve of `count` values."""
    if curve.x is not None:
        return [round(float(x), 6) for x in curve.x[:count]]
    return list(range(1, count + 1))


def write_plot_files(folder: Path, scores: Mapping[str, Scores]) -> list[Path]:
    """Write `<curve>.csv` for each curve that has columns into a folder; one without rows has its heading only.

    Returns
    -------
    list of Path
        The files written.
    """
    written = []
    for curve in CURVES.values():
        if curve.columns is None:
            continue
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["benchmark", "tracker", *curve.columns])
        writer.writerows(curve_rows(scores, curve))
        written.append(folder / f"{curve.name}.csv")
        write_bytes(written[-1], text.getvalue().encode())
    return written
