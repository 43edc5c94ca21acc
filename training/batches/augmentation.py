"""Augmentation of training pairs: the random draws, and how a view is cut from a stored crop.

Stretch, scale and shift choose a window of whole pixels, which one resize brings to the network's size;
windows and sizes in whole pixels cost a quarter of a general warp, and the target's exact place in the
result is known. Colour changes are applied on the training device (`training.batches.network_input`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from curation.config import STRICT, parameters

Image = npt.NDArray[np.uint8]


@parameters(frozen=True, kw_only=True, config=STRICT)
class AugmentationConfig:
    """Ranges of the random changes; 0 switches one off.

    The published setting is `stretch` 0.05 and `shift` 4 (a random 239 px crop out of 247), and nothing else.

    Parameters
    ----------
    stretch : float
        Each axis of each image is stretched by 1 +- this, independently.
    scale : float
        The search region alone is enlarged by exp(+- log(1 + this)): the target's change of size.
    shift : float
        The target is moved off the centre of the search region by up to this many pixels per axis; its label
        moves with it.
    flip : float
        Probability that both images are mirrored, left to right.
    blur : float
        Probability, for each image, of a Gaussian blur.
    blur_sigma : float
        Largest standard deviation of that blur, px.
    brightness : float
        Largest change of the mean, share of 255, per image.
    contrast : float
        Contrast is multiplied by 1 +- this, per image.
    saturation : float
        Saturation is multiplied by 1 +- this, per image.
    grey : float
        Probability that both images lose their colour.
    """

    stretch: float = Field(default=0.05, ge=0, lt=1)
    scale: float = Field(default=0.05, ge=0, le=1)
    shift: float = Field(default=16.0, ge=0, le=48)
    flip: float = Field(default=0.5, ge=0, le=1)
    blur: float = Field(default=0.0, ge=0, le=1)
    blur_sigma: float = Field(default=2.0, gt=0)
    brightness: float = Field(default=0.1, ge=0, le=1)
    contrast: float = Field(default=0.2, ge=0, lt=1)
    saturation: float = Field(default=0.2, ge=0, le=1)
    grey: float = Field(default=0.1, ge=0, le=1)


NONE = AugmentationConfig(
    stretch=0.0,
    scale=0.0,
    shift=0.0,
    flip=0.0,
    blur=0.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    grey=0.0,
)
"""No augmentation, as in validation."""


@dataclass(frozen=True)
class View:
    """How one image of a pair is cut from its stored crop.

    Parameters
    ----------
    zoom_x, zoom_y : float
        Enlargement per axis.
    shift_x, shift_y : float
        How far the target's centre is to lie from the centre of the output, px.
    mirror : bool
        Mirror the result, left to right.
    sigma : float
        Standard deviation of the blur, px; 0 for none.
    brightness : float
        Added to every channel, 0..255.
    contrast : float
        Factor on the distance from mid-grey.
    saturation : float
        Factor on the distance from the pixel's luma; 0 is grey.
    """

    zoom_x: float = 1.0
    zoom_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    mirror: bool = False
    sigma: float = 0.0
    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0


def draw_views(config: AugmentationConfig, random: np.random.Generator) -> tuple[View, View]:
    """Draw the changes of one pair: the view of the exemplar and of the search region.

    The same count of random numbers is used whatever is switched on, so that switching one change off leaves
    the others as they were.
    """
    flip, grey, *u = random.random(2 + 7 + 10).tolist()
    mirror, grey = flip < config.flip, grey < config.grey
    exemplar = _draw_view(config, u[:7], mirror=mirror, grey=grey, moved=(0.5, 0.5, 0.5))
    return exemplar, _draw_view(config, u[7:14], mirror=mirror, grey=grey, moved=u[14:])


def _draw_view(
    config: AugmentationConfig, u: Sequence[float], *, mirror: bool, grey: bool, moved: Sequence[float]
) -> View:
    """A view from numbers in [0, 1): its own (`u`), and those of scale and shift (`moved`; 0.5 is none)."""
    zoom = (1 + config.scale) ** (2 * moved[0] - 1)
    return View(
        zoom_x=zoom * (1 + config.stretch * (2 * u[0] - 1)),
        zoom_y=zoom * (1 + config.stretch * (2 * u[1] - 1)),
        shift_x=config.shift * (2 * moved[1] - 1),
        shift_y=config.shift * (2 * moved[2] - 1),
        mirror=mirror,
        sigma=config.blur_sigma * u[3] if u[2] < config.blur else 0.0,
        brightness=255 * config.brightness * (2 * u[4] - 1),
        contrast=1 + config.contrast * (2 * u[5] - 1),
        saturation=0.0 if grey else 1 + config.saturation * (2 * u[6] - 1),
    )


def cut(crop: Image, view: View, out: Image) -> tuple[float, float]:
    """Cut a view of a stored crop into `out`, with one bilinear resize; colours stay as they are.

    What lies outside the crop gets the crop's mean colour, as the cropping itself does at the image's border.

    Parameters
    ----------
    crop : (S, S, 3) uint8 array
        Stored search crop, target centred on ((S - 1) / 2, (S - 1) / 2).
    view : View
        Its zoom is rounded so that the window is a whole number of pixels, its shift to whole pixels of the
        crop.
    out : (n, n, 3) uint8 array, C-contiguous
        Written. With a neutral view and S - n even it is the central n x n pixels, bit for bit.

    Returns
    -------
    tuple of float
        x, y of the target's centre from the centre of `out`, px: the view's shift after rounding, and
        exactly 0 without one.
    """
    side, size = crop.shape[0], out.shape[0]
    left, width, x = _window(side, size, view.zoom_x, -view.shift_x if view.mirror else view.shift_x)
    top, height, y = _window(side, size, view.zoom_y, view.shift_y)
    inside = crop[max(top, 0) : top + height, max(left, 0) : left + width]
    if inside.shape[0] < height or inside.shape[1] < width:
        before = max(-top, 0), max(-left, 0)
        after = max(top + height - side, 0), max(left + width - side, 0)
        mean = cv2.mean(crop)
        inside = np.asarray(
            cv2.copyMakeBorder(
                inside, before[0], after[0], before[1], after[1], cv2.BORDER_CONSTANT, value=mean
            ),
            np.uint8,
        )
    cv2.resize(inside, (size, size), dst=out, interpolation=cv2.INTER_LINEAR)
    if view.mirror:
        cv2.flip(out, 1, dst=out)
    if view.sigma > 0:
        cv2.GaussianBlur(out, (0, 0), view.sigma, dst=out)
    return (-x if view.mirror else x), y


def _window(side: int, size: int, zoom: float, shift: float) -> tuple[int, int, float]:
    """First pixel and length of the window of a crop that becomes `size` pixels, and the target's offset
    there.

    The length is odd or even as `side` is, so that a window can be centred on the target.
    """
    length = side - 2 * round((side - size / zoom) / 2)
    scale = size / length
    first = (side - length) // 2 - round(shift / scale)
    return first, length, ((side - length) / 2 - first) * scale
