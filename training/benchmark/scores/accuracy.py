"""Accuracy and robustness of supervised VOT runs.

Accuracy is the mean overlap while tracking; robustness counts failures. Both are published in several units,
and each is named here.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array
from training.benchmark.trajectory import START, Trajectory

BURN_IN = 10
"""Frames from each start on, itself included, that do not count towards accuracy."""
SENSITIVITY = 30
"""S of the reliability exp(-S F / frames): the chance to survive S frames (the A-R plot's axis)."""


@dataclass(frozen=True)
class Runs:
    """All runs of a tracker on one sequence of N frames.

    Attributes
    ----------
    trajectories : sequence of Trajectory
        One for each repetition.
    overlaps : (R, N) float64
        Overlap of each repetition; NaN where it has no region.
    """

    trajectories: Items[Trajectory]
    overlaps: Array


def frame_accuracy(runs: Runs, frames: NDArray[np.bool_] | None = None, burn_in: int = BURN_IN) -> Array:
    """Overlap per frame, averaged over the repetitions that have one.

    Parameters
    ----------
    runs : Runs
    frames : (N,) bool or None
        Only these frames: the run is first reduced to them, and the burn-in counted in what remains (as the
        MATLAB toolkit does for a tag).
    burn_in : int

    Returns
    -------
    (K,) float64
        NaN where no repetition counts.
    """
    pick = np.ones(runs.overlaps.shape[1], dtype=bool) if frames is None else frames
    values = runs.overlaps[:, pick].copy()
    for row, trajectory in zip(values, runs.trajectories, strict=True):
        for start in np.flatnonzero(trajectory.codes[pick] == START):
            row[start : start + burn_in] = np.nan
    known = ~np.isnan(values)
    return np.divide(
        np.nansum(values, axis=0),
        known.sum(axis=0),
        out=np.full(values.shape[1], np.nan),
        where=known.any(axis=0),
    )


def mean_failures(runs: Runs, frames: NDArray[np.bool_] | None = None) -> float:
    """Failures per run, on all or on the given frames."""
    pick = slice(None) if frames is None else frames
    return float(np.mean([(t.codes[pick] == 2).sum() for t in runs.trajectories]))


def pooled(values: Items[Array]) -> float:
    """Mean of all numbers that are not NaN, 0 if there is none (as the toolkits report it)."""
    flat = np.concatenate([*values, np.empty(0)])
    flat = flat[~np.isnan(flat)]
    return float(flat.mean()) if len(flat) else 0.0


def accuracy_robustness(
    runs: Items[Runs], tags: Items[dict[str, NDArray[np.bool_]]], burn_in: int = BURN_IN
) -> dict[str, object]:
    """Accuracy and robustness of one tracker over a benchmark.

    Parameters
    ----------
    runs : sequence of Runs
        One for each sequence.
    tags : sequence of dict
        Per-frame tags of each sequence, `empty` among them.
    burn_in : int

    Returns
    -------
    dict
        - `accuracy`: pooled over all frames.
        - `accuracy_tags`: mean over tags, weighted by their frames (the MATLAB report).
        - `accuracy_sequences`: mean over sequences, weighted by length, each the mean over its repetitions
          (vot-toolkit).
        - `failures`: mean number in a run over the whole benchmark; `robustness`: the same per 100 frames
          (what VOT publishes); `failures_per_sequence`.
        - `robustness_tags`: mean failures over tags, weighted by their frames (MATLAB report, got10k);
          `robustness_sequences`: mean over sequences, weighted by length (vot-toolkit).
        - `reliability`: exp(-30 failures / frames); `ar_point`: reliability and accuracy, for the A-R plot.
        - `tags`: accuracy, failures, frames of each.
    """
    lengths = np.array([run.overlaps.shape[1] for run in runs])
    failures = np.array([mean_failures(run) for run in runs])
    by_tag = {}
    for tag in dict.fromkeys(name for tagged in tags for name in tagged):
        pairs = [(run, tagged[tag]) for run, tagged in zip(runs, tags, strict=True) if tagged[tag].any()]
        if pairs:
            by_tag[tag] = {
                "accuracy": pooled([frame_accuracy(run, frames, burn_in) for run, frames in pairs]),
                "failures": sum(mean_failures(run, frames) for run, frames in pairs),
                "frames": int(sum(frames.sum() for _, frames in pairs)),
            }
    weights = np.array([entry["frames"] for entry in by_tag.values()], dtype=np.float64)
    total = float(failures.sum())
    frames = int(lengths.sum())
    accuracy = pooled([frame_accuracy(run, None, burn_in) for run in runs])
    reliability = float(np.exp(-SENSITIVITY * total / frames))

    def weighted(values: Items[float], by: Array) -> float | None:
        return float(np.average(values, weights=by)) if len(by) else None

    return {
        "accuracy": accuracy,
        "accuracy_tags": weighted([entry["accuracy"] for entry in by_tag.values()], weights),
        "accuracy_sequences": weighted([_sequence_accuracy(run, burn_in) for run in runs], lengths),
        "failures": total,
        "robustness": 100 * total / frames,
        "failures_per_sequence": total / len(runs),
        "robustness_tags": weighted([entry["failures"] for entry in by_tag.values()], weights),
        "robustness_sequences": weighted(failures.tolist(), lengths),
        "reliability": reliability,
        "ar_point": [reliability, accuracy],
        "frames": frames,
        "sequences": len(runs),
        "tags": by_tag,
    }


def _sequence_accuracy(runs: Runs, burn_in: int) -> float:
    one = [Runs([t], o[None]) for t, o in zip(runs.trajectories, runs.overlaps, strict=True)]
    return float(np.mean([pooled([frame_accuracy(run, None, burn_in)]) for run in one]))
