"""Label maps: a Gaussian peak or a disc on the target's cell, at its exact (sub-cell) position."""

from __future__ import annotations

import torch
from torch import Tensor

from training.batches.label_config import LabelConfig


def label_maps(size: int, offset: Tensor, config: LabelConfig) -> Tensor:
    """Labels of a batch, on the device of `offset`.

    Parameters
    ----------
    size : int
        Side of the response map, cells; its centre is (size - 1) / 2.
    offset : (B, 2) float tensor
        Where the target is: x, y offset from the centre of the map, cells.
    config : LabelConfig
        Form of the peak.

    Returns
    -------
    (B, 1, size, size) float32 tensor
        In [0, 1]; the Gaussian is 1 exactly at the target's position, which need not be a cell's centre.
    """
    cells = torch.arange(size, device=offset.device, dtype=torch.float32) - (size - 1) / 2  # (size,)
    offset = offset.float()
    squared_x = (cells[None, :] - offset[:, :1]).square()  # (B, size)
    squared_y = (cells[None, :] - offset[:, 1:]).square()  # (B, size)
    if config.kind == "gaussian":
        scale = -0.5 / config.sigma**2
        label = (scale * squared_y).exp()[:, :, None] * (scale * squared_x).exp()[
            :, None, :
        ]  # (B, size, size)
    else:
        distance = squared_y[:, :, None] + squared_x[:, None, :]
        label = (distance <= config.radius**2 + 1e-6).float()
    return label[:, None]
