"""Names for the array types of benchmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Boxes, polygons, overlaps, curves: the docstrings say which, with shape and unit."""

Ints = NDArray[np.int64]
"""Pixels, indices and counts."""


def matlab_round(values: Array | float) -> Array:
    """Round to whole numbers like MATLAB: half away from zero."""
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(np.trunc(array + np.copysign(0.5, array)))
