"""One run of a tracker in a file: a whole sequence, a part (TRE), or from a shifted box (SRE)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.benchmark.arrays import Array

LIMIT = 16 << 20
"""Most bytes of a result file: 20 runs over the longest sequence of OTB take 3 million."""
LAST_FRAME = 10**9


def frame_number(value: float) -> int:
    """The number of a file's first image.

    Raises
    ------
    ValueError
        If it is not a whole number from 0 to `LAST_FRAME`.
    """
    if not 0 <= value <= LAST_FRAME or value != int(value):
        raise ValueError(f"has a startFrame of {value:g}, which is no image's number")
    return int(value)


def frame_rate(value: float) -> float | None:
    """Frames per second, or None where the number says nothing (0 seconds give infinity in MATLAB)."""
    return value if math.isfinite(value) else None


@dataclass(frozen=True, eq=False)
class Segment:
    """Boxes of one run.

    Attributes
    ----------
    boxes : (N, 4) float64
        `x y w h`, 1-based; the first row is the box it was started on.
    first_frame : int
        Image number of row 0.
    shift : str
        How the first box was disturbed (SRE): a name of `starts.SHIFTS`, else empty.
    fps : float or None
        Frames per second, if known.
    again : tuple of (N, 4) float64
        Boxes of further repetitions of the run.
    """

    boxes: Array
    first_frame: int = 1
    shift: str = ""
    fps: float | None = None
    again: tuple[Array, ...] = ()
