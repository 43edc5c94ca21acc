"""The search for the target's size, once its place is known."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field

from curation.errors import STRICT, parameters
from training.tracking.interface import Frame
from training.tracking.online.backbones import Backbone
from training.tracking.online.features import Reduction
from training.tracking.online.head import Head
from training.tracking.online.peak import parabola
from training.tracking.online.region import Geometry, batch, cut


@parameters(frozen=True, kw_only=True, config=STRICT)
class ScaleConfig:
    """Scale search.

    Parameters
    ----------
    step : float
        Factor between neighbouring sizes; paper: 1.03, whose difference in response is less than its noise.
    penalty : float
        Factor on the outer sizes' peaks.
    damping : float
        Share of the found change that is taken over; paper: 0.6.
    gate : float
        Response peak from which the size is searched at all; paper: 0.35.
    every : int
        Frames from one search to the next; 2 halves what the search costs.
    """

    step: float = Field(default=1.06, gt=1, le=1.5)
    penalty: float = Field(default=0.97, gt=0, le=1)
    damping: float = Field(default=0.6, ge=0, le=1)
    gate: float = Field(default=0.35, ge=0)
    every: int = Field(default=1, ge=1)


def search_scale(
    frame: Frame,
    centre: np.ndarray,
    size: np.ndarray,
    geometry: Geometry,
    backbone: Backbone,
    reduction: Reduction,
    head: Head,
    config: ScaleConfig,
) -> float:
    """Factor by which the target's size has changed: the peak of a parabola over log size."""
    factors = config.step ** np.arange(-1, 2)
    border = backbone.border
    kernel = head.kernel
    cells = (kernel[0] + 2 * border, kernel[1] + 2 * border)  # one cell of response: the place is known
    images = [cut(frame, centre, size * factor, geometry, backbone, cells=cells) for factor in factors]
    with torch.inference_mode():
        features = reduction.reduce(*backbone.features(batch(images)))
        inner = features[..., border : cells[0] - border, border : cells[1] - border]
        responses = head.match(inner)  # (3,)
    peaks = responses.cpu().numpy() * [config.penalty, 1.0, config.penalty]
    best = int(peaks.argmax())
    found = factors[best] * config.step ** parabola(peaks, best)
    return float(1 + config.damping * (found - 1))
