"""Result files in plain text: a row a frame, `x y w h` in the base of the ground truth (OTB's kind: 1).

All readers accept commas, tabs and spaces; the writers differ in the separator and in the names of files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.benchmark.tables import read_table

Array = NDArray[np.float64]


def read_boxes(path: Path) -> Array:
    """(N, 4) float64, as they stand in the file."""
    return read_table(path)


def text_bytes(boxes: Array, separator: str = ",") -> bytes:
    """Rows with four decimals; NaN is written `nan`."""
    return "".join(separator.join(f"{value:.4f}" for value in row) + "\n" for row in boxes).encode()


def times_bytes(seconds: Array) -> bytes:
    """One number of seconds a line (got10k's and pytracking's `*_time.txt`)."""
    return "".join(f"{value:.8f}\n" for value in seconds).encode()
