"""Names for the array types of benchmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Boxes, polygons, overlaps, curves: the docstrings say which, with shape and unit."""

Ints = NDArray[np.int64]
"""Pixels, indices and counts."""
