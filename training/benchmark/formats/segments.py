"""One run of a tracker as a file holds it: a whole sequence, a part (TRE), or from a shifted box (SRE)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    """

    boxes: Array
    first_frame: int = 1
    shift: str = ""
    fps: float | None = None
