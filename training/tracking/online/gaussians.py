"""Gaussians on response maps: labels, and the motion prior."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def axis_scale(kernel: tuple[int, int]) -> tuple[float, float]:
    """Cells that sigmas are given in, per axis (y, x): sqrt(k_axis sqrt(k_h k_w)).

    The geometric mean of the target's side along the axis and of its mean side, so that the label of a thin target is
    neither a line nor wider than the target.

    Parameters
    ----------
    kernel : (height, width)
        Of the regression kernel, cells.
    """
    mean = (kernel[0] * kernel[1]) ** 0.5
    return (kernel[0] * mean) ** 0.5, (kernel[1] * mean) ** 0.5


def gaussian(size: tuple[int, int], centre: tuple[float, float], sigma: tuple[float, float]) -> Tensor:
    """Gaussian of peak 1.

    Parameters
    ----------
    size : (height, width)
        Of the map, cells.
    centre : (y, x)
        Peak, in cells from the middle of the map; it need not be a cell's centre.
    sigma : (sigma_y, sigma_x)
        Standard deviations, cells.

    Returns
    -------
    (height, width) float32 tensor
    """
    rows, columns = (
        np.exp(-0.5 * ((np.arange(side) - (side - 1) / 2 - middle) / width) ** 2)
        for side, middle, width in zip(size, centre, sigma, strict=True)
    )
    return torch.from_numpy(np.outer(rows, columns).astype(np.float32))
