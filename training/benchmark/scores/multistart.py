"""Scores of VOT's multistart experiment (2020 to 2022), as vot-toolkit computes them.

[Kristan et al., The Eighth Visual Object Tracking VOT2020 Challenge Results, ECCVW 2020, section 3; details as
`vot.analysis.multistart` of vot-toolkit 0.7.4 and 0.9.0, which are the same.] A tracker runs from every anchor to
the end or to the beginning and is never restarted. A run has failed where its overlap was at most 0.1 in ten frames one
after the other: at the first of them. The first frame of a run has no region and counts as overlap 0; it may be the
first of the ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from curation.documents.document import Fields
from training.benchmark.arrays import Array
from training.benchmark.overlap.rules import region_overlap
from training.benchmark.scores.vot_rules import VotRules
from training.benchmark.sequences.anchors import usable
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import Trajectory

THRESHOLD = 0.1
"""Overlap up to which a frame counts as lost."""
GRACE = 10
"""Lost frames, one after the other, that are a failure."""


def score_multistart(
    sequences: Items[Sequence], trajectories: Mapping[str, Items[Trajectory]], rules: VotRules
) -> Fields:
    """EAO, accuracy and robustness of one tracker, overall and per sequence.

    Parameters
    ----------
    sequences : sequence of Sequence
        With their anchors.
    trajectories : mapping
        By sequence name, a run for each anchor, its rows in the order in which it ran.
    rules : VotRules
        How overlap is counted, and the lengths that EAO averages over.

    Returns
    -------
    dict
        `overall`: `multistart_eao`, `multistart_accuracy`, `multistart_robustness`, `frames`, `interval`, `rule`,
        `bounds`, and the curve `multistart_overlap` (value k is for k frames after the start). `sequences`: accuracy,
        robustness, frames and runs of each.
    """
    low, high = rules.lengths
    total, active = np.zeros(high), np.zeros(high)
    each: dict[str, dict[str, float]] = {}
    overlap_sum, tracked, kept = 0.0, 0, 0.0
    for sequence in sequences:
        own, lasted, run = 0.0, 0, 0
        for anchor, trajectory in zip(sequence.anchors, trajectories[sequence.name], strict=True):
            rows = anchor.rows(len(sequence))
            overlaps, truth = _overlaps(trajectory.regions, sequence.ground_truth[rows], sequence.size, rules)
            progress = _progress(overlaps, truth)
            own, lasted, run = own + overlaps[:progress].sum(), lasted + progress, run + len(rows)
            _add(total, active, overlaps, progress)
        each[sequence.name] = {
            "multistart_accuracy": own / lasted if lasted else 0.0,
            "multistart_robustness": lasted / run,
            "frames": len(sequence),
            "repetitions": len(sequence.anchors),
        }
        overlap_sum, tracked, kept = overlap_sum + own, tracked + lasted, kept + lasted / run * len(sequence)
    frames = sum(map(len, sequences))
    curve = np.divide(total, active, out=np.zeros(high), where=active > 0)
    return {
        "overall": {
            "multistart_eao": float(curve[low : high + 1].mean()) if active[low:].any() else None,
            "multistart_accuracy": overlap_sum / tracked if tracked else 0.0,
            "multistart_robustness": kept / frames,
            "frames": frames,
            "sequences": len(sequences),
            "interval": [low, high],
            "rule": rules.overlap,
            "bounds": rules.bounds,
            "curves": {
                "multistart_overlap": [float(v) if n else None for v, n in zip(curve, active, strict=True)]
            },
        },
        "sequences": each,
    }


def _overlaps(
    regions: Array, truth: Array, size: tuple[int, int], rules: VotRules
) -> tuple[Array, NDArray[np.bool_]]:
    """Overlap in each frame, 0 without a region, 1 where there is no target either; frames that have a target."""
    found = region_overlap(regions, truth, size, rules.overlap, rules.bounds)
    neither = np.isnan(regions).all(axis=1) & np.isnan(truth).all(axis=1)
    return np.where(neither, 1.0, np.nan_to_num(found)), usable(truth)


def _progress(overlaps: Array, targets: NDArray[np.bool_]) -> int:
    """Frames until a run failed; all of them where it did not."""
    lost = 0
    for frame, bad in enumerate(((overlaps <= THRESHOLD) & targets).tolist()):
        lost = lost + 1 if bad else 0
        if lost == GRACE:
            return frame + 1 - GRACE
    return len(overlaps)


def _add(total: Array, active: Array, overlaps: Array, progress: int) -> None:
    """Add what a run says of each number of frames after the start to the sums of the curve.

    A run that failed counts as 0 from there on, beyond its own end too; there the toolkit divides by one frame less.
    """
    if failed := progress < len(overlaps):
        overlaps = np.where(np.arange(len(overlaps)) < progress, overlaps, 0.0)
    sums, known = np.cumsum(overlaps[1:]), min(len(overlaps), len(total))
    total[1:known] += sums[: known - 1] / np.arange(1, known)
    active[1:known] += 1
    if failed and known < len(total):
        total[known:] += sums[-1] / (np.arange(known, len(total)) - 1)
        active[known:] += 1
