"""One-pass evaluation: curves of trackers over a benchmark's sequences, under a named protocol."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.scores.curve_table import CURVES
from training.benchmark.scores.protocols import Frames, Protocol, get_protocol, measure, prepare
from training.benchmark.sequences.sequence import Benchmark, Sequence

Results = Mapping[str, Array]
"""Boxes (N, 4) float64 by sequence name, in the benchmark's own file coordinates."""


@dataclass(frozen=True)
class Curves:
    """Per-sequence curves of one tracker.

    Attributes
    ----------
    values : mapping of str to (S, T) float64
        By the name of each curve in `curve_table.CURVES` that is counted over frames: `success`, the fraction of
        frames with an overlap greater than each threshold; `precision` and `norm_precision`, with an error of
        at most each.
    frames : (S,) int64
        Frames that count.
    """

    values: Mapping[str, Array]
    frames: NDArray[np.int64]


def evaluated_truth(sequence: Sequence, protocol: Protocol) -> Array:
    """The annotation rows (N, 4) that a protocol evaluates, in file coordinates."""
    if protocol.whole and len(sequence.lead_in):
        return np.concatenate([sequence.lead_in, sequence.annotation])
    return sequence.annotation


def fit_length(name: str, boxes: Array, sequence: Sequence, protocol: Protocol) -> Array:
    """Results with as many rows as the protocol evaluates.

    Rows are neither cut nor invented, but for the frames before the start of one-pass evaluation (Tiger1):
    where a protocol evaluates them too (got10k) and a result begins after them, the ground truth stands in for
    these rows; where it does not and a result was filled up so, they are left out (`is_filled_up`).

    Raises
    ------
    InputError
        Naming both lengths.
    """
    wanted = len(sequence) + (len(sequence.lead_in) if protocol.whole else 0)
    if len(boxes) == wanted:
        return boxes
    if protocol.whole and len(boxes) == len(sequence):
        return np.concatenate([sequence.lead_in, boxes])
    if not protocol.whole and is_filled_up(boxes, sequence):
        return boxes[len(sequence.lead_in) :]
    if protocol.cuts and len(boxes) > wanted:
        return boxes[:wanted]
    if protocol.short and 0 < len(boxes) < wanted:
        return np.concatenate([boxes, np.full((wanted - len(boxes), 4), np.nan)])
    hint = "Give the complete result: rows are never cut or added silently"
    if len(sequence.lead_in) and len(boxes) == wanted + len(sequence.lead_in):
        hint = (
            f"Under {protocol.name} evaluation starts at frame {sequence.first_frame}: "
            "run the tracker from there, or score with the protocol got10k"
        )
    raise InputError(f"{name}: {len(boxes)} rows, but {wanted} frames", do=hint, reason="wrong length")


def is_filled_up(boxes: Array, sequence: Sequence) -> bool:
    """Whether a result begins with the ground truth, in the frames before the start of one-pass evaluation.

    As `conversion.convert` fills up Tiger1 for got10k; a tracker that was run there has boxes of its own.
    """
    lead = len(sequence.lead_in)
    return (
        lead > 0
        and len(boxes) == lead + len(sequence)
        and bool(np.allclose(boxes[:lead], sequence.lead_in, rtol=0, atol=1e-4))
    )


def rules_for(protocol: str | Protocol, benchmark: Benchmark) -> Protocol:
    """The protocol for a benchmark: `matlab` stands for the code of the benchmark's own authors."""
    rules = get_protocol(protocol)
    if rules.name != "matlab":
        return rules
    own = get_protocol(benchmark.protocol) if benchmark.protocol and benchmark.kind == "ope" else rules
    return own if benchmark.invalid_rows else replace(own, invalid_truth="as is")


class Pool:
    """Runs prepared for scoring, with frames pooled by group.

    Parameters
    ----------
    truths : sequence of (N, 4) float64
        Annotation of each run, in file coordinates.
    groups : (R,) int64
        Group of each run, numbered from 0 without gaps.
    rules : Protocol
    facts
        `absent_rows`, `absent` and `sizes`, as of `protocols.prepare`.
    """

    def __init__(
        self, truths: Items[Array], groups: NDArray[np.int64], rules: Protocol, **facts: Any
    ) -> None:
        self.rules = rules
        self.truth = prepare(truths, rules, **facts)
        self._owner = np.repeat(groups, [len(truth) for truth in truths])
        self._groups = int(groups.max()) + 1
        self._frames = np.bincount(self._owner[self.truth.kept], minlength=self._groups)

    def curves(self, boxes: Items[Array]) -> Curves:
        """Curves of the groups: the hits of a group divided by its frames. `boxes` as `truths`."""
        frames = measure(np.concatenate(boxes), self.truth, self.rules)
        kept = self.truth.kept
        counted = Frames(frames.overlap[kept], frames.error[kept], frames.normalised[kept])
        owner, of = self._owner[kept], np.maximum(self._frames, 1)[:, None]
        values = {
            curve.name: curve.counts(counted, owner, self._groups) / of
            for curve in CURVES.values()
            if curve.counts is not None and curve.only in ("", self.rules.name)
        }
        return Curves(values, self._frames)


class Evaluation:
    """Sequences prepared for scoring any number of trackers under one protocol.

    Parameters
    ----------
    sequences : sequence of Sequence
    protocol : str or Protocol
        One of `protocols.PROTOCOLS`.
    absent_rows : bool
        Whether NaN truth means that the target is absent (UAV123).

    Raises
    ------
    InputError
        If a sequence's ground truth is NaN everywhere.
    """

    def __init__(
        self, sequences: Items[Sequence], protocol: str | Protocol = "matlab", *, absent_rows: bool = False
    ) -> None:
        self.sequences = list(sequences)
        self.rules = get_protocol(protocol)
        truths = [evaluated_truth(sequence, self.rules) for sequence in self.sequences]
        for sequence, truth in zip(self.sequences, truths, strict=True):
            if np.isnan(truth).all():
                raise InputError(
                    f"{sequence.name}: every row of the ground truth is NaN", reason="bad annotation"
                )
        self._pool = Pool(
            truths,
            np.arange(len(truths)),
            self.rules,
            absent_rows=absent_rows,
            absent=[sequence.absent for sequence in self.sequences],
            sizes=[sequence.size for sequence in self.sequences] if self.rules.bounded else (),
        )

    def curves(self, results: Results) -> Curves:
        """Curves of a tracker on every sequence, in one vectorised pass.

        Under every protocol a perfect result of a sequence without odd frames has success 1 at the thresholds
        0 .. 0.95 and 0 at 1 (AUC 20/21 = 0.952381), and precision 1.

        Parameters
        ----------
        results : mapping
            Boxes (N, 4) by sequence name, in file coordinates; every sequence must be there.

        Raises
        ------
        InputError
            If a result has another length than its sequence; both are named.
        """
        return self._pool.curves([fit_length(s.name, results[s.name], s, self.rules) for s in self.sequences])


def mean_curves(runs: Items[Curves]) -> Curves:
    """The mean of several runs' curves over the same sequences."""
    if len(runs) == 1:
        return runs[0]
    values = {name: np.mean([run.values[name] for run in runs], axis=0) for name in runs[0].values}
    return Curves(values, runs[0].frames)


def sequence_curves(
    results: Results,
    sequences: Items[Sequence],
    protocol: str | Protocol = "matlab",
    *,
    absent_rows: bool = False,
) -> Curves:
    """`Evaluation.curves` of a single tracker."""
    return Evaluation(sequences, protocol, absent_rows=absent_rows).curves(results)
