"""Robustness to the start, for OTB: temporal (TRE) from 20 frames, spatial (SRE) from 12 disturbed boxes.

[Wu, Lim, Yang, Online object tracking: a benchmark, CVPR 2013, section 4; details as the MATLAB toolkit
computes them.] Boxes in this module are in file coordinates, 1-based, but for `first_boxes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from typing import Literal

import numpy as np

from curation.errors import InputError
from training.benchmark.arrays import Array, matlab_round
from training.benchmark.scores.one_pass import Curves, Pool
from training.benchmark.scores.protocols import Protocol, get_protocol
from training.benchmark.sequences.sequence import Sequence, to_base

Starts = Literal["tre", "sre"]

TEMPORAL_STARTS = 20
LEAST_FRAMES = 20
"""A temporal run has at least so many frames."""
SHIFT = 0.1
"""Disturbance of SRE, in widths and heights of the target."""
SHIFTS = (
    "left",
    "right",
    "up",
    "down",
    "topLeft",
    "topRight",
    "bottomLeft",
    "bottomRight",
    "scale_8",
    "scale_9",
    "scale_11",
    "scale_12",
)
"""The twelve disturbances by the names the toolkits give them; `scale_8` is 0.8 times the size."""


def temporal_starts(sequence: Sequence) -> list[int]:
    """Rows (0-based) from which TRE starts, at most 20.

    Candidates are the frames that are not in `Sequence.omit` and whose annotation has no number <= 0 or NaN.
    Of those up to the last one with 20 frames left (itself included), E in number, the 1-based positions
    floor(1 + k E / 19) <= E are taken, and E itself. A sequence too short for any has its first candidate.

    Raises
    ------
    InputError
        If no frame is a candidate.
    """
    usable = np.asarray((sequence.annotation > 0).all(axis=1))
    for first, last in sequence.omit:
        begin, end = first - sequence.first_frame, last - sequence.first_frame + 1
        usable[max(begin, 0) : max(end, 0)] = False
    candidates = np.flatnonzero(usable)
    if not len(candidates):
        raise InputError(
            f"{sequence.name}: no frame to start TRE from",
            do="Every frame is omitted or invalid",
            reason="no start",
        )
    early = candidates[len(sequence) - candidates >= LEAST_FRAMES]
    if not len(early):
        return [int(candidates[0])]
    total = len(early)
    steps = np.arange(TEMPORAL_STARTS) * (total / (TEMPORAL_STARTS - 1))
    positions = np.floor(1 + steps[1 + steps <= total]).astype(int)
    return [int(early[position - 1]) for position in [*positions, total]]


def disturbed_box(box: Array, shift: str, size: tuple[int, int]) -> Array:
    """The first box (4,) of an SRE run, 1-based, inside a frame of width and height `size`.

    A shift moves the box by ceil(10 % of its size); a corner moves by 10 %, rounded, the opposite one stays;
    a scale keeps the centre (x + w / 2, y + h / 2), and all four numbers are rounded. Half is rounded away
    from zero.
    """
    x, y, w, h = (float(value) for value in box)
    right, bottom = x + w - 1, y + h - 1
    if shift.startswith("scale_"):
        ratio = int(shift.removeprefix("scale_")) / 10
        x, y, w, h = matlab_round(
            np.array([x + w / 2 - ratio * w / 2, y + h / 2 - ratio * h / 2, ratio * w, ratio * h])
        )
    elif shift in ("left", "right"):
        x += np.ceil(SHIFT * w) * (1 if shift == "right" else -1)
    elif shift in ("up", "down"):
        y += np.ceil(SHIFT * h) * (1 if shift == "down" else -1)
    else:
        left, top = x, y
        if shift.endswith("Left"):
            left = float(matlab_round(x - SHIFT * w))
        else:
            right = float(matlab_round(right + SHIFT * w))
        if shift.startswith("top"):
            top = float(matlab_round(y - SHIFT * h))
        else:
            bottom = float(matlab_round(bottom + SHIFT * h))
        x, y, w, h = left, top, right - left + 1, bottom - top + 1
    x, y = max(x, 1.0), max(y, 1.0)
    w = min(w, size[0] - x + 1)
    h = min(h, size[1] - y + 1)
    return np.array([x, y, w, h])


def undo_scale(boxes: Array, shift: str) -> Array:
    """Boxes (N, 4) of a `scale_*` run divided by its ratio about their centre and rounded; of other runs
    unchanged.
    """
    if not shift.startswith("scale_"):
        return boxes
    ratio = int(shift.removeprefix("scale_")) / 10
    size = boxes[:, 2:] / ratio
    return matlab_round(np.concatenate([boxes[:, :2] + boxes[:, 2:] / 2 - size / 2, size], axis=1))


def first_boxes(evaluation: Starts, sequence: Sequence) -> list[tuple[int, Array]]:
    """The first row and box (4,), 0-based, of each run: of `temporal_starts`, or of all `SHIFTS`."""
    if evaluation == "tre":
        return [(row, sequence.ground_truth[row]) for row in temporal_starts(sequence)]
    disturbed = np.array([disturbed_box(sequence.annotation[0], shift, sequence.size) for shift in SHIFTS])
    return [(0, box) for box in to_base(disturbed, sequence.base, 0)]


def start_curves(
    evaluation: Starts,
    results: Mapping[str, Items[Array]],
    sequences: Items[Sequence],
    protocol: str | Protocol = "matlab",
) -> Curves:
    """TRE or SRE curves: for each sequence the hits of all its runs over all their frames.

    SRE's results of scaled starts are scaled back first (`undo_scale`).

    Parameters
    ----------
    evaluation : {"tre", "sre"}
    results : mapping
        For each sequence the boxes of the runs from `first_boxes`, in their order, 1-based.
    sequences : sequence of Sequence
    protocol : str or Protocol

    Raises
    ------
    InputError
        If runs are missing or have the wrong length; both numbers are named.
    """
    boxes, truths, groups = [], [], []
    for i, sequence in enumerate(sequences):
        runs = results[sequence.name]
        for (shift, row), run in zip(check_runs(evaluation, sequence, runs), runs, strict=True):
            boxes.append(undo_scale(run, shift))
            truths.append(sequence.annotation[row:])
            groups.append(i)
    return Pool(truths, np.array(groups), get_protocol(protocol)).curves(boxes)


def starts_of(evaluation: Starts, sequence: Sequence) -> list[tuple[str, int]]:
    """Of each run SRE's shift, else nothing, and the first row."""
    if evaluation == "sre":
        return [(shift, 0) for shift in SHIFTS]
    return [("", row) for row in temporal_starts(sequence)]


def check_runs(evaluation: Starts, sequence: Sequence, runs: Items[Array]) -> list[tuple[str, int]]:
    """`starts_of`, checked against the number and the lengths of runs; an error names both."""
    starts, title = starts_of(evaluation, sequence), evaluation.upper()
    if len(runs) != len(starts):
        raise InputError(
            f"{sequence.name}: {len(runs)} runs, but {title} has {len(starts)} starts",
            do=f"Give all runs of {title}",
            reason="wrong length",
        )
    for (shift, row), run in zip(starts, runs, strict=True):
        if len(run) != len(sequence) - row:
            which = shift or f"run from frame {row + sequence.first_frame}"
            raise InputError(
                f"{sequence.name}, {which}: {len(run)} rows, but {len(sequence) - row} frames",
                do="Give the complete result",
                reason="wrong length",
            )
    return starts
