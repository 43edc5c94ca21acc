"""Augmentation of a training pair: what is drawn at random, and the one warp per crop that applies it.

Stretch, scale, shift and mirroring are one affine map, so every output pixel is interpolated once, straight
out of the decoded crop. Colour changes are one 3 x 4 matrix per image, applied on the training device
(`training.inputs`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from curation.errors import STRICT, parameters

Image = npt.NDArray[np.uint8]

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of R, G and B in grey (ITU-R BT.601)."""


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
        Probability that both images are mirrored.
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
    shift: float = Field(default=16.0, ge=0)
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
        Enlargement per axis; a negative `zoom_x` mirrors.
    shift_x, shift_y : float
        Where the target's centre comes to lie, px from the centre of the output.
    sigma : float
        Standard deviation of the blur, px; 0 for none.
    colour : (3, 4) float32 array
        RGB (0..255) -> RGB, last column the constant.
    """

    zoom_x: float
    zoom_y: float
    shift_x: float
    shift_y: float
    sigma: float
    colour: npt.NDArray[np.float32]


def draw_views(config: AugmentationConfig, random: np.random.Generator) -> tuple[View, View]:
    """Draw the changes of one pair: the view of the exemplar and of the search region.

    The same count of random numbers is used whatever is switched on, so that switching one change off
    leaves the others as they were.
    """
    pair = random.random(2)  # flip, grey
    each = random.random((2, 7))  # stretch x, y, blur, sigma, brightness, contrast, saturation
    search = 2 * random.random(3) - 1  # scale, shift x, y
    mirror = -1.0 if pair[0] < config.flip else 1.0
    grey = bool(pair[1] < config.grey)
    views = []
    for kind, u in enumerate(each):
        signed = 2 * u - 1
        zoom = (1 + config.scale) ** search[0] if kind else 1.0
        views.append(
            View(
                zoom_x=mirror * zoom * (1 + config.stretch * signed[0]),
                zoom_y=zoom * (1 + config.stretch * signed[1]),
                shift_x=config.shift * search[1] * kind,
                shift_y=config.shift * search[2] * kind,
                sigma=config.blur_sigma * u[3] if u[2] < config.blur else 0.0,
                colour=colour_matrix(
                    brightness=255 * config.brightness * signed[4],
                    contrast=1 + config.contrast * signed[5],
                    saturation=0.0 if grey else 1 + config.saturation * signed[6],
                ),
            )
        )
    return views[0], views[1]


def colour_matrix(*, brightness: float, contrast: float, saturation: float) -> npt.NDArray[np.float32]:
    """The (3, 4) matrix for saturation about a pixel's luma, contrast about mid-grey, then brightness."""
    matrix = np.empty((3, 4), np.float32)
    matrix[:, :3] = contrast * (saturation * np.eye(3) + (1 - saturation) * LUMA)
    matrix[:, 3] = 127.5 * (1 - contrast) + brightness
    return matrix


def cut(crop: Image, view: View, out: Image) -> None:
    """Cut a view of a stored crop into `out`, with one bilinear warp.

    What lies outside the crop gets the crop's mean colour, as the cropping itself does at the image's border.

    Parameters
    ----------
    crop : (S, S, 3) uint8 array
        Stored search crop, target centred on ((S - 1) / 2, (S - 1) / 2).
    view : View
        Zoom, mirroring, shift and blur; the colour matrix is not applied here.
    out : (n, n, 3) uint8 array, C-contiguous
        Written. With a neutral view it is the central n x n pixels, bit for bit.
    """
    middle, centre = (crop.shape[0] - 1) / 2, (out.shape[0] - 1) / 2
    left = middle - (centre + view.shift_x) / view.zoom_x
    top = middle - (centre + view.shift_y) / view.zoom_y
    if view.zoom_x == view.zoom_y == 1 and left >= 0 and top >= 0 and left.is_integer() and top.is_integer():
        inside = crop[int(top) : int(top) + out.shape[0], int(left) : int(left) + out.shape[1]]
        if inside.shape == out.shape:
            np.copyto(out, inside)
            _blur(out, view.sigma)
            return
    matrix = np.array([[1 / view.zoom_x, 0, left], [0, 1 / view.zoom_y, top]])
    cv2.warpAffine(
        crop,
        matrix,
        (out.shape[1], out.shape[0]),
        dst=out,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=cv2.mean(crop),
    )
    _blur(out, view.sigma)


def _blur(out: Image, sigma: float) -> None:
    if sigma > 0:
        cv2.GaussianBlur(out, (0, 0), sigma, dst=out)
