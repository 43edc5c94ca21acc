"""Expected average overlap (EAO), by the rules of the MATLAB VOT toolkit.

[Kristan et al., The Visual Object Tracking VOT2015 challenge results, ICCVW 2015, section 3.2; details as
the toolkit computes them.] Every run is cut at its restarts into fragments; a fragment that ended in a
failure counts as overlap 0 ever after, the last one of a run counts only as long as it is. The curve gives,
for each length L, the mean overlap over the first L frames (the first one excepted) of the fragments that say
something about L.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from training.benchmark.arrays import Array

EaoRules = Literal["matlab", "pysot", "vot-toolkit"]
EAO_RULES: tuple[str, ...] = get_args(EaoRules)

EAO_SUMS = ("overlap_sum", "overlap_weight")
"""Names of the curves of a sequence that add up to the expected-overlap curve (`overlap_sums`)."""

SKIP = 5
"""Frames from a failure to the restart."""


@dataclass(frozen=True)
class Run:
    """One run over one sequence of N frames, as EAO needs it.

    Attributes
    ----------
    overlaps : (N,) float64
        NaN where there is no region. No burn-in.
    failures : (F,) int64
        0-based frames of failures.
    weight : float
        1 / runs of this sequence.
    tagged : (N,) bool or None
        Frames that carry the tag the curve is for; None: all.
    """

    overlaps: Array
    failures: NDArray[np.int64]
    weight: float = 1.0
    tagged: NDArray[np.bool_] | None = None


def _fragments(run: Run, rules: EaoRules) -> Iterator[tuple[int, int, bool]]:
    """First frame and end (not included) of each fragment, and whether it counts as 0 after its end."""
    n = len(run.overlaps)
    restarts = [int(failure) + SKIP for failure in run.failures]
    if rules == "vot-toolkit":
        starts = [0, *(start for start in restarts if start < n)]
        ends = [*(int(failure) for failure in run.failures), n]
        yield from ((start, end, end < n) for start, end in zip(starts, ends, strict=False))
        return
    starts = [0, *(start for start in restarts if start < n + (rules == "pysot"))]
    yield from ((start, after + 1, True) for start, after in pairwise(starts))
    yield starts[-1], n, False


def expected_overlap_curve(
    runs: Items[Run], length: int | None = None, *, rules: EaoRules = "matlab"
) -> Array:
    """Expected average overlap for sequences of 1, 2, .. frames.

    Parameters
    ----------
    runs : sequence of Run
    length : int or None
        Largest length; None: that of the longest run (`vot-toolkit`: fragment).
    rules : {"matlab", "pysot", "vot-toolkit"}
        `"matlab"`: fragments reach from one start to the next, a start that would lie behind the end is none.
        `"pysot"`: also a start just behind the end is one, so that the fragment before it is padded with 0.
        `"vot-toolkit"`: fragments end at the failure, every one that ended so is padded, the runs' weights do
        not count, and the curve is as long as the longest fragment. (It averages over lengths one higher.)

    Returns
    -------
    (length,) float64
        Value 0 is 1 by convention; NaN where no fragment says anything.
    """
    if length is None and rules == "vot-toolkit":
        length = max((end - start for run in runs for start, end, _ in _fragments(run, rules)), default=0)
    elif length is None:
        length = max((len(run.overlaps) for run in runs), default=0)
    total, weights = overlap_sums(runs, length, rules=rules)
    curve = np.divide(total, weights, out=np.full(length, np.nan), where=weights > 0)
    curve[:1] = 1
    return curve


def overlap_sums(runs: Items[Run], length: int, *, rules: EaoRules = "matlab") -> tuple[Array, Array]:
    """What `expected_overlap_curve` divides: weighted sums over all fragments and their weights, (length,) each.

    Those of several sequences add up, so that sequences can be resampled.
    """
    total, weights = np.zeros(length), np.zeros(length)
    count = np.maximum(np.arange(length), 1)
    for run in runs:
        overlaps = np.nan_to_num(run.overlaps, nan=0.0)
        for start, end, padded in _fragments(run, rules):
            fragment = overlaps[start:end]
            tagged = (
                1.0 if run.tagged is None else float(run.tagged[start:end].mean()) if end > start else 0.0
            )
            weight = 1.0 if rules == "vot-toolkit" else run.weight * tagged
            known = length if padded else min(len(fragment), length)
            values = np.zeros(known)
            values[: min(len(fragment), known)] = fragment[:known]
            values[:1] = 0
            total[:known] += weight * np.cumsum(values) / count[:known]
            weights[:known] += weight
    return total, weights


def expected_average_overlap(curve: Array, low: int, high: int) -> float:
    """Mean of the curve over lengths `low` .. `high` (1-based, both included), NaN ignored.

    NaN if the curve says nothing about them (all sequences are shorter).
    """
    part = curve[low - 1 : high]
    part = part[~np.isnan(part)]
    return float(part.mean()) if len(part) else float("nan")
