"""The protocols of one-pass evaluation: their rules for first frames, lost frames and bad ground truth.

| | matlab | got10k | pysot |
|---|---|---|---|
| result without size, or all NaN | the box before it | as it is (a miss) | as it is (a miss) |
| first result | the ground truth | the ground truth | as reported |
| truth with a number <= 0 or NaN: success | a miss | as it is | a miss |
| the same: precision | a hit | as it is | a hit if the true *centre* is <= 0 or NaN |
| absent target (UAV123) | as above | frame left out | as above |
| sequence whose whole curve is 0 | left out of the mean | kept | kept |

Two benchmarks have rules of their own, which `matlab` stands for there. `lasot`: OTB's rules (`matlab`), but frames in
which the target is absent are removed before counting, though the share is of all frames, and results may be longer
than the truth. `got10k-val`: all frames of all sequences pooled, without each first one and those that show nothing of
the target; boxes are clipped to the image. `pytracking` is the field's Python evaluation of all of them: absent frames
are misses, and a true box without size is a miss for precision, not a hit; normalised precision takes it for a hit.

`matlab` is the benchmark authors' own code and reproduces the published numbers. That of Temple-Color-128 has
no rule for a truth with a number <= 0 and takes it as it is; `matlab-otb` applies OTB's rule there too. The
signs are looked at in the files' coordinates, which are 1-based.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curation.rows import Table
from training.benchmark.arrays import Array
from training.benchmark.scores.metrics import centre_errors, centres, clipped, normalised_errors, overlaps


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
    invalid_truth : {"box", "size", "centre", "as is"}
        Which true frames count as unusable: any number <= 0 or NaN (`box`; for precision only those of the
        centre under `centre`), width or height alone (`size`), or none.
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
    absent : {"as any", "missed", "left out"}
        What frames count for whose target the benchmark says is absent (`Sequence.absent`).
    blind : bool
        An unusable true frame is a miss for precision, not a hit.
    cuts : bool
        A result that is longer than the truth is cut to it.
    later : bool
        The first frame of a sequence does not count.
    bounded : bool
        Boxes are clipped to the image before the overlap is taken.
    short : bool
        A result that is shorter than the truth is filled up with lost boxes; no toolkit's rule, but on request.
    pools : bool
        A benchmark's number is the mean over its frames, not over its sequences.
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
    absent: Literal["as any", "missed", "left out"] = "as any"
    blind: bool = False
    cuts: bool = False
    later: bool = False
    bounded: bool = False
    pools: bool = False
    short: bool = False


_EPSILON = float(np.finfo(float).eps)
_MATLAB = Protocol("matlab", True, True, "box", False, True, False, 0.0, False)
_GOT10K = Protocol("got10k", False, True, "as is", True, False, True, _EPSILON, True)
PROTOCOLS: Table[Protocol] = Table(
    "protocol",
    {
        protocol.name: protocol
        for protocol in (
            _MATLAB,
            replace(_MATLAB, name="matlab-otb"),
            _GOT10K,
            Protocol("pysot", False, False, "centre", False, False, True, 0.0, False),
            replace(_MATLAB, name="lasot", absent="missed", cuts=True, drops_zero_curves=False),
            replace(
                _MATLAB,
                name="pytracking",
                invalid_truth="size",
                absent="missed",
                blind=True,
                cuts=True,
                drops_zero_curves=False,
            ),
            replace(_GOT10K, name="got10k-val", absent="left out", later=True, bounded=True, pools=True),
        )
    },
)
"""Every protocol by name; one's own is a `Protocol`, named by the place of its code."""


def get_protocol(protocol: str | Protocol) -> Protocol:
    """The protocol of that name, or the protocol itself; `InputError` with the nearest name otherwise."""
    return PROTOCOLS[protocol] if isinstance(protocol, str) else protocol


@dataclass(frozen=True, eq=False)
class Truth:
    """Annotation of S sequences laid end to end, with a protocol's decision on each of the F frames.

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
    lost : (F,) bool
        Frames that are a miss for everything, as their target is absent.
    bounds : (F, 2) float64 or None
        Width and height of the image, where boxes are clipped to it.
    """

    boxes: Array
    starts: NDArray[np.int64]
    misses: NDArray[np.bool_]
    hits: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    bounds: Array | None = None


def prepare(
    truths: Sequence[Array],
    protocol: Protocol,
    *,
    absent_rows: bool = False,
    absent: Sequence[NDArray[np.bool_] | None] = (),
    sizes: Sequence[tuple[int, int]] = (),
) -> Truth:
    """Lay annotations end to end, with the protocol's decision on each frame.

    Parameters
    ----------
    truths : sequence of (N, 4) float64
    protocol : Protocol
    absent_rows : bool
        Whether NaN means that the target is absent.
    absent : sequence of (N,) bool or None
        Frames of each whose target is absent, where the benchmark says so by other means.
    sizes : sequence of (int, int)
        Width and height of the images of each; needed where the protocol clips boxes to them.
    """
    boxes = np.asfortranarray(np.concatenate(truths))
    lengths = np.array([len(truth) for truth in truths])
    misses = hits = np.zeros(len(boxes), dtype=np.bool_)
    if protocol.invalid_truth != "as is":
        decisive = boxes[:, 2:] if protocol.invalid_truth == "size" else boxes
        misses = hits = np.asarray(~(decisive > 0).all(axis=1))
    if protocol.invalid_truth == "centre":
        hits = np.asarray(~(centres(boxes) > 0).all(axis=1))
    kept = np.ones(len(boxes), dtype=np.bool_)
    if protocol.drops_absent and absent_rows:
        kept = np.asarray(~np.isnan(boxes).any(axis=1))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    gone = np.zeros(len(boxes), dtype=np.bool_)
    for start, length, flags in zip(starts, lengths, absent, strict=False):
        if flags is not None:
            gone[start : start + length] = flags
    if protocol.absent == "left out":
        kept = kept & ~gone
    if protocol.later:
        kept[starts] = False
    lost = gone if protocol.absent == "missed" else np.zeros_like(gone)
    bounds = np.repeat(np.array(sizes, dtype=np.float64), lengths, axis=0) if protocol.bounded else None
    return Truth(boxes, starts, misses, hits, kept, lost, bounds)


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
    shown = [results, truth.boxes]
    if truth.bounds is not None:
        shown = [clipped(boxes, truth.bounds) for boxes in shown]
    overlap = overlaps(*shown, epsilon=protocol.epsilon)
    if protocol.clips:
        overlap = np.clip(overlap, 0.0, 1.0)
    error, normalised = centre_errors(results, truth.boxes), normalised_errors(results, truth.boxes)
    overlap[truth.misses] = -1
    error[truth.hits] = np.nan if protocol.blind else -1
    normalised[truth.hits] = -1
    overlap[truth.lost] = -1
    error[truth.lost] = normalised[truth.lost] = np.nan
    return Frames(overlap, error, normalised)
