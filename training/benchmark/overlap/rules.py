"""Overlap of a tracker's regions with VOT's ground truth under a named rule.

The rules are those of `raster.raster_overlap` (pixels) and `exact` (areas of the polygons inside the frame,
as got10k and shapely compute them).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from curation.rows import unknown_name
from training.benchmark.arrays import Array
from training.benchmark.overlap.polygons import exact_overlap
from training.benchmark.overlap.raster import raster_overlap
from training.benchmark.overlap.spans import RasterRule

Rule = Literal[RasterRule, "exact"]
Bounds = Literal["frame-1", "frame", "none"]
RULES: tuple[str, ...] = (*get_args(RasterRule), "exact")
BOUNDS: tuple[str, ...] = get_args(Bounds)


def region_overlap(
    first: Array, second: Array, size: Array | tuple[int, int], rule: str = "vot2016", bounds: str = "frame-1"
) -> Array:
    """Overlaps (N,) of regions (N, 4) or (N, 2V), 0-based; NaN where either is not a region.

    Parameters
    ----------
    first, second : (N, 4) or (N, 2V) float64
        Regions; a row with a NaN among its first four numbers is none.
    size : (W, H) or (N, 2)
        Width and height of the frames.
    rule : str
        One of `RULES`.
    bounds : {"frame-1", "frame", "none"}
        Parts outside 0 .. size - 1 (MATLAB's EAO), 0 .. size (pysot's accuracy, got10k), or none are cut off.
    """
    if rule not in RULES:
        raise unknown_name("overlap rule", rule, RULES)
    if bounds not in BOUNDS:
        raise unknown_name("kind of bounds", bounds, BOUNDS)
    frame = np.asarray(size, dtype=np.float64)
    limits = None
    if bounds != "none":
        limits = np.broadcast_to(frame - (bounds == "frame-1"), (len(first), 2))
    if rule == "exact":
        return exact_overlap(first, second, limits)
    return raster_overlap(first, second, limits, rule)  # type: ignore[arg-type]
