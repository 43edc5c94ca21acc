"""Samples of the first frame: the target shifted, scaled, turned, mirrored, blurred.

They are spread evenly, not drawn one by one: shifts lie on a sunflower spiral, sizes and angles on waves, and
every few samples one is mirrored or blurred. The seed turns the spiral and moves the waves. Independent draws differ
so much between seeds that a target was kept with one and lost with another (trials/LEARNING.md).
"""

from __future__ import annotations

import math
from itertools import cycle

import cv2
import numpy as np

from training.backbones.backbone import Backbone
from training.tracking.interface import Frame
from training.tracking.online.online_config import AugmentConfig
from training.tracking.online.region import Geometry, cut

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
"""Turn between neighbours on a sunflower spiral: any number of points covers the disc evenly."""

BLURS = (0.7, 1.5, 4.0)
"""Sigmas of the blurred samples in turn, input pixels (the release: 0.1, 1, 5, 10)."""


def first_samples(
    frame: Frame,
    centre: np.ndarray,
    size: np.ndarray,
    geometry: Geometry,
    backbone: Backbone,
    config: AugmentConfig,
    random: np.random.Generator,
) -> tuple[list[Frame], np.ndarray]:
    """Regions of the first frame, and where the target is in each.

    Parameters
    ----------
    frame : (H, W, 3) uint8
    centre, size : (2,) float64
        (x, y) in pixel-centre coordinates and (w, h), frame pixels.
    geometry : Geometry
    backbone : Backbone
        Whose input the regions are.
    config : AugmentConfig
    random : Generator
        Turns the spiral, and moves the waves.

    Returns
    -------
    list of N (H', W', 3) uint8
        The first is the region itself.
    (N, 2) float64
        The target's (y, x) offset from the middle of each region, cells.
    """
    images = [cut(frame, centre, size, geometry, backbone)]
    offsets = [np.zeros(2)]
    reach = config.shift * np.array(geometry.response)
    others = config.samples - 1
    phases = random.uniform(0, 2 * np.pi, 3)
    blurs = cycle(BLURS)
    for index in range(others):
        turn = phases[0] + GOLDEN_ANGLE * index
        offset = reach * np.sqrt((index + 0.5) / others) * np.array([np.sin(turn), np.cos(turn)])
        image = cut(
            frame,
            centre,
            size * (1 + config.scale * np.sin(phases[1] + 2.4 * index)),
            geometry,
            backbone,
            offset=offset,
            angle=config.angle * np.sin(phases[2] + 4.1 * index),
            mirror=_is_due(index, config.mirror),
        )
        if _is_due(index, config.blur):
            image = np.asarray(cv2.GaussianBlur(image, (5, 5), next(blurs)), np.uint8)
        images.append(image)
        offsets.append(offset)
    return images, np.array(offsets)


def _is_due(index: int, share: float) -> bool:
    """True for that share of indices, evenly spaced, the first among them."""
    return math.ceil((index + 1) * share) > math.ceil(index * share)
