"""The search for the target's size, at its known place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from training.backbones.backbone import Backbone
from training.tracking.interface import Frame
from training.tracking.online.features import Reduction
from training.tracking.online.head import Head
from training.tracking.online.online_config import ScaleConfig
from training.tracking.online.peak import parabola
from training.tracking.online.region import Geometry, batch, cut
from training.tracking.online.second_thread import SecondThread

TRUSTED = (0.5, 2.0)
"""Limits of the factor by which being cut out alone changes a response: beyond them the first frame taught little."""


class SizeSearch:
    """Compares the target's response at a smaller and a larger size with the one at which it was found.

    The response at the present size is read off the map in which the target was found, so two small images are
    passed through the backbone, not three. Cut out alone, a target answers a little differently, for zero padding
    reaches into it: by what factor is measured once, in the first frame.

    Parameters
    ----------
    geometry : Geometry
    backbone : Backbone
    reduction : Reduction
    head : Head
        Taught on the first frame.
    config : ScaleConfig
    second : SecondThread
        Does half of the work.
    """

    def __init__(
        self,
        geometry: Geometry,
        backbone: Backbone,
        reduction: Reduction,
        head: Head,
        config: ScaleConfig,
        second: SecondThread,
    ) -> None:
        self.geometry, self.backbone = geometry, backbone
        self.reduction, self.head = reduction, head
        self.config = config
        self.second = second
        self._alone = 1.0

    def calibrate(self, frame: Frame, centre: np.ndarray, size: np.ndarray, response: float) -> None:
        """Compare the target cut out alone with its `response` in the whole region of the same, first frame."""
        [alone] = self._responses(frame, centre, [size])
        if alone > 0 and response > 0:
            self._alone = float(np.clip(alone / response, *TRUSTED))

    def change(self, frame: Frame, centre: np.ndarray, size: np.ndarray, response: float) -> float:
        """Factor by which the target's size has changed: the peak of a parabola over log size.

        Parameters
        ----------
        frame : (H, W, 3) uint8
        centre, size : (2,) float64
            (x, y) in pixel-centre coordinates, where the target was found, and (w, h): frame pixels.
        response : float
            There, at that size.
        """
        config = self.config
        smaller, larger = self._responses(frame, centre, [size / config.step, size * config.step])
        peaks = np.array([smaller * config.penalty, response * self._alone, larger * config.penalty])
        best = int(peaks.argmax())
        found = config.step ** (best - 1 + parabola(peaks, best))
        return float(1 + config.damping * (found - 1))

    def _responses(self, frame: Frame, centre: np.ndarray, sizes: list[np.ndarray]) -> np.ndarray:
        """(B,) responses of the kernel on the target, as if it had each of the sizes."""
        border, (height, width) = self.backbone.border, self.head.kernel
        cells = (height + 2 * border, width + 2 * border)  # one cell of response: the place is known

        def responses(some: Sequence[np.ndarray]) -> np.ndarray:
            images = [cut(frame, centre, size, self.geometry, self.backbone, cells=cells) for size in some]
            with torch.inference_mode():
                maps = self.backbone.features(batch(images), without=border)
                return self.head.match(self.reduction.reduce(*maps)).cpu().numpy()

        return np.concatenate(self.second.share(responses, sizes))
