"""Correct the box that the tracker gives by a trained box head; the tracker itself goes on as without it."""

from __future__ import annotations

from collections import deque

import numpy as np
import torch
from torch import Tensor

from training.backbones.backbone import Backbone
from training.tracking.online.box_head_file import box_head_file
from training.tracking.online.box_network import REACH, SEARCH, TEMPLATE, grid, load_box_network
from training.tracking.online.online_config import RefineConfig

FIRST_COUNTS = 2 / 3
"""Weight of the first frame's correction in the mean: its box is known, the recent one is the tracker's own."""


class Refinement:
    """Compares the target with its first frame and with a recent one, and takes over a share of the mean correction.

    In the mean the first frame counts twice. Only the box that is given away is corrected: place, size and what is
    learnt stay the tracker's own, so a wrong correction cannot lose the target.

    Parameters
    ----------
    config : RefineConfig
    backbone : Backbone

    Raises
    ------
    InputError
        If there is no box head for the backbone, and as of `load_box_network`.
    """

    def __init__(self, config: RefineConfig, backbone: Backbone) -> None:
        self.config = config
        file = box_head_file(config, backbone.name)
        self._network = load_box_network(file, backbone).to(backbone.device) if file else None
        self._first: Tensor | None = None
        self._recent: deque[Tensor] = deque(maxlen=config.recent)
        self._correction = np.zeros(4)

    def start(self, maps: tuple[Tensor, Tensor], target: np.ndarray) -> None:
        """Take the first frame's target as the template.

        Parameters
        ----------
        maps : (1, C1, h, w) and (1, C2, h, w) tensors
            Features of the search region, whose middle is the target's.
        target : (2,) float64
            Its width and height, cells.
        """
        self._recent.clear()
        self._correction = np.zeros(4)
        if self._network is not None:
            self._first = self._grid(maps, target, TEMPLATE, np.zeros(2))

    @torch.inference_mode()
    def look(self, maps: tuple[Tensor, Tensor], target: np.ndarray, middle: np.ndarray) -> None:
        """Find the correction in a frame where the target was found; in frames without, the last one stays.

        Parameters
        ----------
        maps : as of `start`
        target : (2,) float64
            Width and height that the tracker found, cells of this region.
        middle : (2,) float64
            The (x, y) place that it found, cells from the region's middle.
        """
        if self._network is None or self._first is None:
            return
        search = self._grid(maps, target, SEARCH, middle)
        templates = [self._first]
        if len(self._recent) == self._recent.maxlen:
            templates.append(self._recent[0])
        found, _ = self._network(torch.cat(templates), search.expand(len(templates), -1, -1, -1))
        first, last = found[0], found[-1]  # the same until there is a recent one
        mean = FIRST_COUNTS * first + (1 - FIRST_COUNTS) * last
        self._correction = self.config.share * mean.double().cpu().numpy()
        self._recent.append(search[..., REACH:-REACH, REACH:-REACH])

    def forget(self) -> None:
        """The target was found elsewhere: the last correction is not of this place."""
        self._correction = np.zeros(4)

    def corrected(self, centre: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre (x, y) and size (w, h), frame pixels, of the box to give, from those of the tracker."""
        shift, growth = self._correction[:2], self._correction[2:]
        return centre + shift * size, size * np.exp(growth)

    def _grid(
        self, maps: tuple[Tensor, Tensor], target: np.ndarray, cells: int, middle: np.ndarray
    ) -> Tensor:
        """(1, COMPARED + OWN, cells, cells) projected features around (x, y) `middle`."""
        assert self._network is not None
        width, height = (float(side) for side in target)
        x, y = (float(place) for place in middle)
        parts = [grid(part, (width, height), cells, middle=(x, y)) for part in maps]
        projected: Tensor = self._network.project(torch.cat(parts, 1))
        return projected
