"""The protocols of one-pass evaluation: what each does with the first frame, lost frames and bad truth.

| | matlab | got10k | pysot |
|---|---|---|---|
| result without size, or all NaN | the box before it | as it is (a miss) | as it is (a miss) |
| first result | the ground truth | the ground truth | as reported |
| truth with a number <= 0 or NaN: success | a miss | as it is | a miss |
| the same: precision | a hit | as it is | a hit if the true *centre* is <= 0 or NaN |
| absent target (UAV123) | as above | frame left out | as above |
| sequence whose whole curve is 0 | left out of the mean | kept | kept |

`matlab` is the benchmark authors' own code and reproduces the published numbers. That of Temple-Color-128 has
no rule for a truth with a number <= 0 and takes it as it is; `matlab-otb` applies OTB's rule there too. The
signs are looked at in the files' coordinates, which are 1-based.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.rows import Table
from training.benchmark.arrays import Array
from training.benchmark.scores.metrics import centre_errors, centres, normalised_errors, overlaps


@dataclass(frozen=True)
class Protocol:
    """Rules of one toolkit; see the module's table.

    Attributes
    ----------
    name : str
        Stands beside every number.
    repairs : bool
        A result without size, or all NaN, is replaced by the one before it.
    first_is_truth : bool
        The first result is replaced by the ground truth.
    invalid_truth : {"box", "centre", "as is"}
        Which true frames count as unusable: any number <= 0 or NaN (`box`; for precision only those of the
        centre under `centre`), or none.
    drops_absent : bool
        Frames with a NaN truth are left out, where the benchmark says that NaN means absent.
    drops_zero_curves : bool
        A sequence whose curve is 0 everywhere is left out of the mean.
    clips : bool
        Overlaps are clipped to 0..1; it matters only for results of negative size.
    epsilon : float
        Added to the union.
    whole : bool
        Every annotated frame counts, also those before the start of one-pass evaluation (Tiger1 1-5).
    """

    name: str
    repairs: bool
    first_is_truth: bool
    invalid_truth: str
    drops_absent: bool
    drops_zero_curves: bool
    clips: bool
    epsilon: float
    whole: bool


PROTOCOLS: Table[Protocol] = Table(
    "protocol",
    {
        protocol.name: protocol
        for protocol in (
            Protocol("matlab", True, True, "box", False, True, False, 0.0, False),
            Protocol("matlab-otb", True, True, "box", False, True, False, 0.0, False),
            Protocol("got10k", False, True, "as is", True, False, True, float(np.finfo(float).eps), True),
            Protocol("pysot", False, False, "centre", False, False, True, 0.0, False),
        )
    },
)
"""Every protocol by name; one's own is a `Protocol`, named by the place of its code."""


def get_protocol(protocol: str | Protocol) -> Protocol:
    """The protocol of that name, or the protocol itself; `InputError` with the nearest name otherwise."""
    return PROTOCOLS[protocol] if isinstance(protocol, str) else protocol


@dataclass(frozen=True, eq=False)
class Truth:
    """Annotation of S sequences laid end to end, with what a protocol makes of each of the F frames.

    Attributes
    ----------
    boxes : (F, 4) float64
        `x y w h` in the files' coordinates (1-based); columns are contiguous.
    starts : (S,) int64
        First frame of each sequence.
    misses, hits : (F,) bool
        Frames that are a miss for success, and a hit for precision, whatever the tracker says.
    kept : (F,) bool
        Frames that count at all.
    """

    boxes: Array
    starts: NDArray[np.int64]
    misses: NDArray[np.bool_]
    hits: NDArray[np.bool_]
    kept: NDArray[np.bool_]


def prepare(truths: Sequence[Array], protocol: Protocol, *, absent_rows: bool = False) -> Truth:
    """Lay annotations (N, 4) end to end; `absent_rows` says whether NaN means that the target is absent."""
    boxes = np.asfortranarray(np.concatenate(truths))
    lengths = np.array([len(truth) for truth in truths])
    misses = hits = np.zeros(len(boxes), dtype=np.bool_)
    if protocol.invalid_truth != "as is":
        misses = hits = np.asarray(~(boxes > 0).all(axis=1))
    if protocol.invalid_truth == "centre":
        hits = np.asarray(~(centres(boxes) > 0).all(axis=1))
    kept = np.ones(len(boxes), dtype=np.bool_)
    if protocol.drops_absent and absent_rows:
        kept = np.asarray(~np.isnan(boxes).any(axis=1))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return Truth(boxes, starts, misses, hits, kept)


def repair(results: Array, truth: Array, starts: NDArray[np.int64]) -> Array:
    """Results with every unusable box replaced by the last usable one before it in the same sequence.

    Unusable: all four numbers NaN, or w <= 0, or h <= 0, on a frame whose truth has no NaN. The first box
    of a sequence is never replaced.

    Parameters
    ----------
    results, truth : (F, 4) float64
    starts : (S,) int64
        First frame of each sequence among the F.
    """
    x, y, w, h = results.T
    unusable = (w <= 0) | (h <= 0) | (np.isnan(x) & np.isnan(y) & np.isnan(w) & np.isnan(h))
    unusable[starts] = False
    if not unusable.any():
        return results
    unusable &= ~np.isnan(truth).any(axis=1)
    return results[np.maximum.accumulate(np.where(unusable, 0, np.arange(len(results))))]


@dataclass(frozen=True, eq=False)
class Frames:
    """Measures of F frames.

    Attributes
    ----------
    overlap : (F,) float64
        -1 or NaN is a miss at every threshold.
    error, normalised : (F,) float64
        -1 is a hit at every threshold, NaN a miss.
    """

    overlap: Array
    error: Array
    normalised: Array


def measure(results: Array, truth: Truth, protocol: Protocol) -> Frames:
    """Apply a protocol to a tracker's results (F, 4), in the files' coordinates. They are not modified."""
    if protocol.repairs:
        results = repair(results, truth.boxes, truth.starts)
    results = np.array(results, order="F")
    if protocol.first_is_truth:
        results[truth.starts] = truth.boxes[truth.starts]
    overlap = overlaps(results, truth.boxes, epsilon=protocol.epsilon)
    if protocol.clips:
        overlap = np.clip(overlap, 0.0, 1.0)
    error, normalised = centre_errors(results, truth.boxes), normalised_errors(results, truth.boxes)
    overlap[truth.misses] = -1
    error[truth.hits] = normalised[truth.hits] = -1
    return Frames(overlap, error, normalised)
