"""Overlap, centre error and the curves of one-pass evaluation, over whole arrays of frames.

Boxes are float64 `x y w h`. Nothing here decides what to do with odd frames: see `protocols`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array

OVERLAP_THRESHOLDS: Array = np.arange(21, dtype=np.float64) * 0.05
"""0, 0.05, ..., 1: a frame is a success at t if its overlap is greater than t [Wu, Lim, Yang, TPAMI 2015]."""
PRECISION_THRESHOLDS: Array = np.arange(51, dtype=np.float64)
"""0 .. 50 pixels: a frame is precise at p if its centre error is at most p."""
NORMALISED_THRESHOLDS: Array = np.arange(51, dtype=np.float64) / 100
"""0 .. 0.5 of the target's size [TrackingNet, ECCV 2018; steps as in the pysot toolkit]."""
PRECISION_AT = 20
"""Index (and pixels) of the precision score DP@20, and of the normalised precision score at 0.20."""
OVERLAP_AT = 10
"""Index of OP@0.5 in the success curve."""


def overlaps(results: Array, truth: Array, *, epsilon: float = 0.0) -> Array:
    """Intersection over union of boxes, continuous coordinates.

    Parameters
    ----------
    results, truth : (..., 4) float64
        `x y w h`; shapes broadcast.
    epsilon : float
        Added to the union (got10k does).

    Returns
    -------
    (...,) float64
        0 for disjoint boxes; NaN where a number is NaN, or both boxes have no area.

    Notes
    -----
    The authors' MATLAB code counts pixels (x + w - 1, then + 1 on the difference): the ones cancel.
    """
    right = np.minimum(results[..., 0] + results[..., 2], truth[..., 0] + truth[..., 2])
    width = np.maximum(right - np.maximum(results[..., 0], truth[..., 0]), 0)
    bottom = np.minimum(results[..., 1] + results[..., 3], truth[..., 1] + truth[..., 3])
    height = np.maximum(bottom - np.maximum(results[..., 1], truth[..., 1]), 0)
    shared = width * height
    union = results[..., 2] * results[..., 3] + truth[..., 2] * truth[..., 3] - shared
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(shared / (union + epsilon))


def clipped(boxes: Array, bounds: Array) -> Array:
    """Boxes (N, 4) clipped to images (N, 2) of width and height, as got10k does.

    The left and top are clipped to 0 .. width or height, and the size to what is left of the image from there: what
    lies beyond the left or top edge is not taken off the size.
    """
    corner = np.clip(boxes[:, :2], 0, bounds)
    return np.concatenate([corner, np.clip(boxes[:, 2:], 0, bounds - corner)], axis=1)


def centres(boxes: Array) -> Array:
    """Centres (..., 2) of boxes, as pixels: x + (w - 1) / 2."""
    return boxes[..., :2] + (boxes[..., 2:] - 1) / 2


def centre_errors(results: Array, truth: Array) -> Array:
    """Euclidean distance of the centres, (...,) float64, pixels."""
    return _length(centres(results) - centres(truth))


def normalised_errors(results: Array, truth: Array) -> Array:
    """Distance of the centres, x divided by the true width and y by the true height, (...,) float64.

    As in the pysot toolkit each centre is divided before the difference is taken, by the size + 1e-16.
    """
    size = truth[..., 2:] + 1e-16
    return _length(centres(results) / size - centres(truth) / size)


def _length(difference: Array) -> Array:
    return np.asarray(np.sqrt(np.square(difference[..., 0]) + np.square(difference[..., 1])))


def success_hits(values: Array, groups: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many frames of each group are a success at each overlap threshold.

    Parameters
    ----------
    values : (F,) float64
        Overlaps; NaN and negative values are misses everywhere.
    groups : (F,) int64
        Group (sequence, or tracker and sequence) of each frame, in [0, count).

    Returns
    -------
    (count, 21) int64
        Hits at `OVERLAP_THRESHOLDS`.
    """
    passed = _thresholds_below(np.where(np.isnan(values), -1.0, values), OVERLAP_THRESHOLDS)
    return _histogram(passed, groups, count, len(OVERLAP_THRESHOLDS) + 1)[:, ::-1].cumsum(axis=1)[:, -2::-1]


def error_hits(
    values: Array, groups: NDArray[np.int64], count: int, thresholds: Array = PRECISION_THRESHOLDS
) -> NDArray[np.int64]:
    """How many frames of each group have an error of at most each threshold, (count, 51). NaN never has."""
    first = _thresholds_below(np.where(np.isnan(values), np.inf, values), thresholds)
    return _histogram(first, groups, count, len(thresholds) + 1).cumsum(axis=1)[:, :-1]


def _thresholds_below(values: Array, thresholds: Array) -> NDArray[np.int64]:
    """How many thresholds are below each value: a faster `searchsorted` for evenly spaced ones.

    The quotient is right up to rounding; comparing with the thresholds themselves corrects that.
    """
    count = len(thresholds)
    guess = np.clip(np.ceil(values / thresholds[1]), 0, count).astype(np.int64)
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    guess -= edges[guess] >= values
    guess += edges[guess + 1] < values
    return guess


def _histogram(
    bins: NDArray[np.int64], groups: NDArray[np.int64], count: int, width: int
) -> NDArray[np.int64]:
    return np.bincount(groups * width + bins, minlength=count * width).reshape(count, width)
