"""The Siamese tracker: a fixed exemplar of the first frame, correlated with the search region of later ones.

The rules are those of SiamFC with three scales (Bertinetto et al., 2016, section 3). Two defects of the released
Python code are fixed: the scale search spans exactly one step to either side, and the middle scale is the one
without a penalty (integer division broke both under Python 3).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

from curation.crops.geometry import SIAMFC, CropGeometry
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.siamese_config import SiameseConfig
from training.tracking.windows import box_around, centre_and_size, inside, sample_window, visible

STRIDE = 8
"""Pixels of the search region per cell of the response map."""


class Network(Protocol):
    """The part of `training.network.siamese_network.SiameseNetwork` that the tracker needs."""

    def embed(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float32 RGB 0..255 -> features."""

    def respond(self, exemplar: Tensor, search: Tensor) -> Tensor:
        """Features of (1 or B) exemplars and B search regions -> (B, 1, h, w)."""


@lru_cache(maxsize=4)
def _cosine_window(size: tuple[int, int]) -> np.ndarray:
    """Hann window of (width, height) `size` with sum 1, (height, width) float32."""
    window = np.outer(np.hanning(size[1]), np.hanning(size[0]))
    return (window / window.sum()).astype(np.float32)


class SiameseTracker(CheckedTracker):
    """Tracks with one fixed exemplar.

    Parameters
    ----------
    network : Network
        `embed` and `respond`, in evaluation mode.
    config : SiameseConfig
        Settings.
    geometry : CropGeometry
        Of what the network was trained on: sides of exemplar and search region, and the context around the box.
    device : torch.device
        Where the network lies.
    """

    def __init__(
        self,
        network: Network,
        config: SiameseConfig | None = None,
        *,
        geometry: CropGeometry = SIAMFC,
        device: torch.device | str = "cpu",
    ) -> None:
        self.network = network
        self.geometry = geometry
        self.config = config or SiameseConfig()
        self.device = torch.device(device)
        steps = np.arange(self.config.scales) - self.config.scales // 2
        self._scales = self.config.scale_step**steps  # (S,), the middle one is exactly 1
        self._penalty = np.where(steps == 0, 0.0, 1 - self.config.scale_penalty)  # (S,), share lost

    def _start(self, frame: Frame, box: Box) -> None:
        self._centre, self._size = centre_and_size(box)
        self._first_size = self._size.copy()
        config = self.config
        side = self._context_side()
        # The target drawn `scale` times as large matches a target that has grown `scale` times.
        sides = side / self._scales if config.pyramid == "exemplar" else np.array([side])
        self._exemplar = self._embed(frame, sides, self.geometry.exemplar_size)  # (S or 1, C, k, k)

    def _locate(self, frame: Frame) -> Box:
        config = self.config
        side = self._context_side() * self.geometry.search_size / self.geometry.exemplar_size
        sides = np.array([side]) if config.pyramid == "exemplar" else side * self._scales
        with torch.inference_mode():
            search = self._embed(frame, sides, self.geometry.search_size)  # (1 or S, C, h, w)
            pairs = len(self._scales)
            if config.pyramid == "exemplar":
                search = search.expand(pairs, -1, -1, -1)
            responses = self.network.respond(self._exemplar, search)[:, 0].float().cpu().numpy()  # (S, h, w)
        chosen, cell = self._peak(responses)
        self.response = responses[chosen]
        searched = sides[min(chosen, len(sides) - 1)]
        self._centre = inside(self._centre + cell * STRIDE * searched / self.geometry.search_size, frame)
        change = 1 + config.scale_damping * (self._scales[chosen] - 1)
        limits = np.array([config.min_size, config.max_size]) / (self._size[0] / self._first_size[0])
        self._size = self._size * np.clip(change, *limits)
        return visible(box_around(self._centre, self._size), frame)

    def _context_side(self) -> float:
        """Side of the exemplar's square in frame pixels: sqrt((w + p)(h + p)), p = context (w + h)."""
        return float(np.sqrt(np.prod(self._size + self.geometry.context * self._size.sum())))

    def _embed(self, frame: Frame, sides: np.ndarray, pixels: int) -> Tensor:
        """Features of squares of the given sides around the target, in one batch."""
        crops = np.empty((len(sides), pixels, pixels, 3), np.uint8)
        fill = self._fill(frame, float(sides.max()))
        for crop, side in zip(crops, sides, strict=True):
            step = side / pixels
            window = sample_window(frame, self._centre, (step, step), (pixels, pixels), fill=fill)
            cv2.cvtColor(window, cv2.COLOR_BGR2RGB, dst=crop)
        rgb = torch.from_numpy(crops).to(self.device).float()
        with torch.inference_mode():
            return self.network.embed(rgb.permute(0, 3, 1, 2))  # channels_last in memory: no copy

    def _fill(self, frame: Frame, side: float) -> tuple[float, ...]:
        """The frame's mean colour, computed only if the window leaves the frame."""
        reach = side / 2
        limits = np.array([frame.shape[1], frame.shape[0]])
        if (self._centre - reach < 0).any() or (self._centre + reach > limits - 1).any():
            return tuple(float(np.floor(value)) for value in cv2.mean(frame)[:3])
        return (0.0, 0.0, 0.0)

    def _peak(self, responses: np.ndarray) -> tuple[int, np.ndarray]:
        """The best scale of (S, h, w) responses, and its peak's (x, y) distance from the middle, in cells."""
        config = self.config
        height, width = responses.shape[1:]
        up = (width * config.upsample, height * config.upsample)
        fine = [cv2.resize(response, up, interpolation=cv2.INTER_CUBIC) for response in responses]
        peaks = np.array([response.max() for response in fine])
        chosen = int(
            np.argmax(peaks - self._penalty * abs(peaks))
        )  # a penalty for negative peaks (logits) too
        response = fine[chosen] - fine[chosen].min()
        response /= response.sum() + 1e-12
        response = (1 - config.window_influence) * response + config.window_influence * _cosine_window(up)
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        middle = (np.array(up) - 1) / 2
        return chosen, (np.array([column, row]) - middle) / config.upsample
