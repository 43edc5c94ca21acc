"""The curves, one row each: how a curve is counted over frames, plotted and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.rows import Table
from training.benchmark.arrays import Array
from training.benchmark.scores.metrics import (
    NORMALISED_THRESHOLDS,
    OVERLAP_THRESHOLDS,
    PRECISION_THRESHOLDS,
    error_hits,
    success_hits,
)
from training.benchmark.scores.protocols import Frames


@dataclass(frozen=True)
class Curve:
    """A curve for every tracker and sequence, from the measures of the frames.

    Attributes
    ----------
    name : str
        Its key in score documents.
    title : str
        Heading of its plot; empty: it is not plotted.
    metric : str
        The metric that ranks trackers in the plot, and stands in its legend.
    x_label, y_label : str
    x : (T,) float64 or None
        Thresholds; None: lengths in frames, from 1.
    counts : callable or None
        `(frames, groups, count)` -> (count, T): a sum over the frames of each group (`groups` numbers them from
        0), which becomes a mean. None: another experiment's curve, computed elsewhere.
    marker : float or None
        Where on the x axis a line marks what is read off.
    columns : (str, str) or None
        Names of x and y in a file for `dvc plots show`; None: there is none.
    only : str
        The protocol that has it; empty: all.
    """

    name: str
    title: str = ""
    metric: str = ""
    x_label: str = ""
    y_label: str = ""
    x: Array | None = None
    counts: Callable[[Frames, NDArray[np.int64], int], NDArray[Any]] | None = None
    marker: float | None = None
    columns: tuple[str, str] | None = None
    only: str = ""


_SUCCESS = Curve(
    "success",
    "Success",
    "auc",
    "overlap threshold",
    "success rate",
    OVERLAP_THRESHOLDS,
    lambda frames, groups, count: success_hits(frames.overlap, groups, count),
    columns=("threshold", "success"),
)
_PRECISION = Curve(
    "precision",
    "Precision",
    "dp20",
    "centre error threshold (pixels)",
    "precision",
    PRECISION_THRESHOLDS,
    lambda frames, groups, count: error_hits(frames.error, groups, count),
    marker=20,
    columns=("threshold", "precision"),
)
_NORMALISED = Curve(
    "norm_precision",
    "Normalised precision",
    "norm_precision",
    "centre error (target sizes)",
    "precision",
    NORMALISED_THRESHOLDS,
    lambda frames, groups, count: error_hits(frames.normalised, groups, count, NORMALISED_THRESHOLDS),
    marker=0.2,
)
_EXPECTED = Curve(
    "expected_overlap",
    "Expected overlap",
    "eao",
    "sequence length (frames)",
    "expected overlap",
    columns=("length", "expected_overlap"),
)
_AVERAGE = Curve(
    "average_overlap",
    metric="average_overlap",
    counts=lambda frames, groups, count: np.bincount(groups, np.nan_to_num(frames.overlap), count)[:, None],
    only="got10k-val",
)
_MULTISTART = Curve(
    "multistart_overlap",
    "Expected overlap",
    "multistart_eao",
    "frames after the start",
    "expected overlap",
    only="multistart",
)
_CURVES = (_SUCCESS, _PRECISION, _NORMALISED, _EXPECTED, _AVERAGE, _MULTISTART)
CURVES: Table[Curve] = Table("curve", {curve.name: curve for curve in _CURVES})
"""Every curve."""
