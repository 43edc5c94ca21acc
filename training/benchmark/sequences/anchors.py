"""Where VOT's multistart experiment starts a tracker, and in which direction it then goes [Kristan et al., VOT2020]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.text_tables import parse_rows, read_text

FILE = "anchor.value"
"""Beside the annotation, a number a frame: above 0 an anchor to go forwards from, below 0 backwards."""

MULTISTART = "multistart"
"""The protocol of benchmarks whose trackers are started at anchors."""

EVERY = 50
"""Frames from one anchor to the next, where no file says it."""


@dataclass(frozen=True)
class Anchor:
    """A start.

    Attributes
    ----------
    frame : int
        0-based.
    backwards : bool
        Towards the first frame; else towards the last one.
    """

    frame: int
    backwards: bool

    def rows(self, length: int) -> range:
        """Frames of a run from here, in its order, of a sequence of `length` frames."""
        return range(self.frame, -1, -1) if self.backwards else range(self.frame, length)


def read_anchors(
    path: Path, truth: Array, *, note: Callable[[Path, bytes], None] | None = None
) -> tuple[Anchor, ...]:
    """The anchors in a file, forward ones first, as the Python toolkit runs them.

    Parameters
    ----------
    path : Path
    truth : (N, 4) or (N, 2V) float64
    note : callable, optional
        As of `text_tables.read_text`.

    Raises
    ------
    InputError
        If it has more numbers than there are frames, no anchor at all, or one in a frame without a target.
    """
    values = [row[0] for row in parse_rows(read_text(path, note=note), path, widths=(1,))]
    found = [Anchor(frame, value < 0) for frame, value in enumerate(values) if value]
    if not found or len(values) > len(truth):
        raise InputError(
            f"{path} has {len(found)} anchors in {len(values)} lines, for {len(truth)} frames",
            do="Unpack the sequence again",
            reason="bad anchors",
        )
    known = usable(truth)
    for anchor in found:
        if not known[anchor.frame]:
            raise InputError(
                f"{path}, line {anchor.frame + 1}: there is no target to start on in this frame",
                do="Unpack the sequence again",
                reason="bad anchors",
            )
    return _ordered(found)


def spread_anchors(truth: Array) -> tuple[Anchor, ...]:
    """An anchor every `EVERY` frames and in the last one, each towards the end that is farther away.

    Frames without a target have none.
    """
    last, known = len(truth) - 1, usable(truth)
    frames = sorted({*range(0, len(truth), EVERY), last})
    return _ordered([Anchor(frame, frame > last - frame) for frame in frames if known[frame]])


def usable(truth: Array) -> NDArray[np.bool_]:
    """Frames (N,) bool with a target: all numbers are known, and it has an extent."""
    if truth.shape[1] == 4:
        return np.asarray((truth[:, 2:] > 0).all(axis=1) & np.isfinite(truth).all(axis=1))
    points = truth.reshape(len(truth), -1, 2)
    return np.asarray((np.ptp(points, axis=1) > 0).all(axis=1))  # NaN is not greater


def _ordered(anchors: list[Anchor]) -> tuple[Anchor, ...]:
    return tuple(sorted(anchors, key=lambda anchor: (anchor.backwards, anchor.frame)))
