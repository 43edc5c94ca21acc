"""Samples of the first frame: the target shifted, scaled, turned, mirrored, blurred."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from curation.errors import STRICT, parameters
from training.tracking.interface import Frame
from training.tracking.online.backbones import Backbone
from training.tracking.online.region import Geometry, cut


@parameters(frozen=True, kw_only=True, config=STRICT)
class AugmentConfig:
    """First-frame samples.

    Parameters
    ----------
    samples : int
        How many, the unchanged region included.
    shift : float
        Largest shift of the target from the middle, in sides of the response map.
    scale : float
        Largest change of size.
    angle : float
        Largest rotation, radians.
    mirror, blur : float
        Shares of samples that are mirrored and blurred.
    """

    samples: int = Field(default=12, ge=1)
    shift: float = Field(default=0.25, ge=0, le=0.5)
    scale: float = Field(default=0.03, ge=0, lt=1)
    angle: float = Field(default=0.1, ge=0)
    mirror: float = Field(default=0.5, ge=0, le=1)
    blur: float = Field(default=0.3, ge=0, le=1)


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

    Returns
    -------
    list of (H, W, 3) uint8
        The first is the region itself.
    (N, 2) float64
        The target's (y, x) offset from the middle of each region, cells.
    """
    images = [cut(frame, centre, size, geometry, backbone)]
    offsets = [(0.0, 0.0)]
    reach = config.shift * np.array(geometry.response)
    for _ in range(config.samples - 1):
        offset = random.uniform(-reach, reach)
        scale = 1 + random.uniform(-config.scale, config.scale)
        angle = random.uniform(-config.angle, config.angle)
        mirror = bool(random.random() < config.mirror)
        image = cut(
            frame, centre, size * scale, geometry, backbone, offset=offset, angle=angle, mirror=mirror
        )
        if random.random() < config.blur:
            blurred = cv2.GaussianBlur(image, (5, 5), float(random.uniform(0.5, 5)))
            image = np.asarray(blurred, np.uint8)
        images.append(image)
        offsets.append((float(offset[0]), float(offset[1])))
    return images, np.array(offsets)
