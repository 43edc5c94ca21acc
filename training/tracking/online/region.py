"""The search region: its number of cells, and how it is cut from a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.backbones.backbone import Backbone
from training.tracking.interface import Frame
from training.tracking.online.online_config import RegionConfig
from training.tracking.windows import linear_map, sample_window


@dataclass(frozen=True)
class Geometry:
    """Cells of the target's kernel and of the region, fixed for a sequence; all odd, so a middle cell exists.

    Attributes
    ----------
    kernel : (int, int)
        Height and width of the regression kernel.
    cells : (int, int)
        Height and width of the region's feature maps.
    target : (2,) float64
        Width and height of the target in cells, not rounded.
    """

    kernel: tuple[int, int]
    cells: tuple[int, int]
    target: np.ndarray

    @property
    def response(self) -> tuple[int, int]:
        """Height and width of the response map."""
        return self.cells[0] - self.kernel[0] + 1, self.cells[1] - self.kernel[1] + 1


def plan(size: np.ndarray, config: RegionConfig) -> Geometry:
    """Geometry for a target of `size` (w, h) pixels."""
    target = size / np.sqrt(size.prod()) * config.target_cells  # (w, h) in cells
    width, height = (
        min(_odd(side + config.padding * config.target_cells), config.max_cells) for side in target
    )
    kernel_w, kernel_h = (max(3, _odd(side)) for side in target)
    limit = (config.max_cells + 1) // 2 | 1
    kernel_w, kernel_h = min(kernel_w, limit), min(kernel_h, limit)
    return Geometry((kernel_h, kernel_w), (height, width), target)


def cut(
    frame: Frame,
    centre: np.ndarray,
    size: np.ndarray,
    geometry: Geometry,
    backbone: Backbone,
    *,
    cells: tuple[int, int] | None = None,
    offset: tuple[float, float] | np.ndarray = (0.0, 0.0),
    angle: float = 0.0,
    mirror: bool = False,
) -> Frame:
    """The region around `centre` as the backbone's input; a target of (w, h) `size` fills the kernel.

    Parameters
    ----------
    frame : (H, W, 3) uint8
    centre, size : (2,) float64
        (x, y) in pixel-centre coordinates and (w, h), frame pixels.
    cells : (int, int), optional
        Height and width of the feature map wanted; the whole region otherwise.
    offset : (y, x)
        Where in the region `centre` comes to lie, cells from its middle.
    angle, mirror
        As in `sample_window`.

    Returns
    -------
    (H', W', 3) uint8
        BGR; border pixels are replicated.
    """
    height, width = (backbone.input_side(side) for side in cells or geometry.cells)
    step = size / (geometry.target * backbone.stride)  # frame pixels per input pixel, x and y
    shift = np.array([offset[1], offset[0]]) * backbone.stride
    middle = centre - linear_map((step[0], step[1]), angle=angle, mirror=mirror) @ shift
    return sample_window(
        frame, middle, (step[0], step[1]), (height, width), fill=None, angle=angle, mirror=mirror
    )


def batch(images: list[Frame]) -> Tensor:
    """(H, W, 3) uint8 images of one size as a (B, H, W, 3) uint8 tensor."""
    return torch.from_numpy(np.stack(images))


def _odd(side: float) -> int:
    """The odd number nearest to `side`."""
    return 2 * round((side - 1) / 2) + 1
