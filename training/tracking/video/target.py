"""Whether a box is a target that a tracker can follow."""

from __future__ import annotations

import numpy as np

from curation.errors import InputError
from training.tracking.interface import Box, check_box

SMALLEST = 1.0
"""Pixels of a target's sides that must lie in the frame: below, there is nothing to see."""

LARGEST = 4.0
"""Sides of a box, in those of the frame: of larger ones, too little lies in the frame."""


def check_target(box: Box, *, width: int, height: int) -> Box:
    """Return the xywh box as (4,) float64 if it can be followed from a frame of `width` x `height` pixels.

    Raises
    ------
    InputError
        As `check_box`; and if too little of it lies in the frame, or it is much larger than the frame.
    """
    values = check_box(box, width=width, height=height)
    frame = np.array([width, height])
    seen = np.minimum(values[:2] + values[2:], frame) - np.maximum(values[:2], 0)
    shown = ",".join(f"{value:g}" for value in values)
    ask = "Give the target as x,y,w,h in pixels, 0-based"
    if min(seen) < SMALLEST:
        raise InputError(
            f"box {shown} has {seen[0]:.3g} x {seen[1]:.3g} pixels in the frame, less than {SMALLEST:g} x "
            f"{SMALLEST:g}",
            do=ask,
            reason="bad box",
        )
    if (values[2:] > LARGEST * frame).any():
        raise InputError(
            f"box {shown} has over {LARGEST:g} times the sides of the frame of {width} x {height} pixels",
            do=ask,
            reason="bad box",
        )
    return values
