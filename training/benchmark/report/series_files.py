"""Curves as CSV tables for `dvc plots show`: one row for each tracker and threshold of each benchmark."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curation.files import write_bytes
from training.benchmark.ope import CURVES
from training.benchmark.report.reading import read_scores


def curve_rows(scores: Mapping[str, Mapping[str, Any]], curve: str) -> list[dict[str, str | float]]:
    """Rows `benchmark, tracker, <x>, <curve>` of one curve, over all benchmarks and trackers that have it.

    Parameters
    ----------
    scores : mapping of benchmark to score document
    curve : str
        `"success"`, `"precision"`, `"norm_precision"` (x is `threshold`) or `"expected_overlap"`
        (x is `length`, in frames, from 1).

    Returns
    -------
    list of dict
        In the order of the documents; empty if none has the curve.
    """
    rows: list[dict[str, str | float]] = []
    for document in read_scores(scores):
        for tracker, content in document.trackers.items():
            values = content.curves.get(curve)
            if values is None:
                continue
            name = "length" if curve == "expected_overlap" else "threshold"
            rows.extend(
                {"benchmark": document.title, "tracker": tracker, name: x, curve: round(float(y), 6)}
                for x, y in zip(thresholds(curve, len(values)), values, strict=True)
            )
    return rows


def thresholds(curve: str, count: int) -> Sequence[float]:
    """What stands on the x axis of a curve with `count` values."""
    if curve in CURVES:
        return [round(float(x), 6) for x in CURVES[curve][:count]]
    return list(range(1, count + 1))


def write_plot_files(folder: Path, scores: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    """Write `success.csv`, `precision.csv` and `expected_overlap.csv` into a folder; only those with rows.

    Returns
    -------
    list of Path
        The files written.
    """
    written = []
    for curve in ("success", "precision", "expected_overlap"):
        rows = curve_rows(scores, curve)
        if rows:
            text = io.StringIO()
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            write_bytes(folder / f"{curve}.csv", text.getvalue().encode())
            written.append(folder / f"{curve}.csv")
    return written
