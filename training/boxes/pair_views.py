"""What a pair for the box head shows: two frames and the target's box in each, from the data or pasted, disturbed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from curation.crops.geometry import CropGeometry, centred_window, search_side
from training.batches.pair_dataset import PairDataset
from training.boxes.pasted import paste
from training.tracking.interface import Frame
from training.tracking.windows import centre_and_size

SMALLEST = 10
"""Boxes with a shorter side, frame pixels, teach noise."""

LOOSE = 0.5
"""Share of pairs whose boxes are loose, both by the same: first boxes in videos are not tight either."""


@dataclass(frozen=True)
class View:
    """A frame and a target in it.

    Attributes
    ----------
    frame : (S, S, 3) uint8
        BGR: a crop, or a scene made of two.
    centre, size : (2,) float64
        (x, y) in pixel-centre coordinates, and (w, h): pixels of this frame.
    shown : (2,) float64
        (w, h) as the target was shown, before it was scaled to a crop.
    """

    frame: Frame
    centre: np.ndarray
    size: np.ndarray
    shown: np.ndarray


def cropped(dataset: PairDataset, pair: tuple[int, int]) -> list[View] | None:
    """The two crops of a pair of instances; None if a box is small."""
    boxes = dataset.sampler.imdb.boxes[list(pair)].astype(np.float64)
    if boxes[:, 2:].min() < SMALLEST:
        return None
    return [
        View(dataset.crop(instance), *box_in_crop(box, dataset.sampler.geometry), box[2:])
        for instance, box in zip(pair, boxes, strict=True)
    ]


def pasted(texture: Frame, ground: Frame, random: np.random.Generator) -> list[View] | None:
    """A piece of one crop on another, twice; None if it became too small."""
    if (made := paste(texture, ground, random)) is None:
        return None
    return [View(frame, *centre_and_size(box), box[2:]) for frame, box in made]


def disturbed_views(views: list[View], random: np.random.Generator) -> list[View]:
    """Each in its own light, sharpness and noise; both mirrored or none; both boxes loose by the same, or none."""
    mirrored = random.random() < 0.5
    loose = random.random() < LOOSE
    shift, growth = random.normal(0, 0.05, 2) * loose, np.exp(random.normal(0, 0.07, 2) * loose)
    found = []
    for view in views:
        frame, centre = view.frame, view.centre
        if random.random() < 0.6:
            frame = _disturb(frame, random)
        if mirrored:
            frame = np.ascontiguousarray(frame[:, ::-1])
            centre = np.array([frame.shape[1] - 1 - centre[0], centre[1]])
        found.append(View(frame, centre + shift * view.size, view.size * growth, view.shown))
    return found


def box_in_crop(box: np.ndarray | tuple[float, ...], geometry: CropGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Centre (x, y), in pixel-centre coordinates, and (w, h) of a box in the search crop that was cut around it.

    Parameters
    ----------
    box : x, y, w, h
        Pixels of the frame.
    geometry : CropGeometry
        Of the crop.
    """
    x, y, width, height = (float(value) for value in box)
    side = search_side(width, height, geometry.context, geometry.exemplar_size, geometry.search_size)
    window = centred_window((x, y, width, height), side)
    scale = geometry.search_size / window.side
    centre = np.array([x + width / 2 - window.left, y + height / 2 - window.top]) * scale - 0.5
    return centre, np.array([width, height]) * scale


def _disturb(frame: Frame, random: np.random.Generator) -> Frame:
    """Other light and colour; sometimes low resolution, blur or motion blur; noise."""
    image: np.ndarray = frame.astype(np.float32)
    if random.random() < 0.15:
        image = np.repeat(image.mean(2, keepdims=True), 3, 2)
    gain, tint = np.exp(random.normal(0, 0.2)), np.exp(random.normal(0, 0.05, 3))
    image = (image - 128) * gain * tint + 128 + random.normal(0, 15)
    height, width = image.shape[:2]
    if random.random() < 0.3:
        share = random.uniform(0.25, 1)
        small = (max(8, int(width * share)), max(8, int(height * share)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    kind = random.random()
    if kind < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 1.6))
    elif kind < 0.55:
        image = cv2.filter2D(image, -1, _streak(int(random.integers(3, 17)), random.uniform(0, np.pi)))
    image = image + random.normal(0, random.uniform(0, 8), image.shape)
    return np.asarray(image.clip(0, 255), np.uint8)


def _streak(length: int, angle: float) -> np.ndarray:
    """The (length, length) float32 kernel of a motion blur, of sum 1; the angle in radians."""
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    ends = [tuple(int(value) for value in np.rint(middle + sign * reach)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
    return kernel / kernel.sum()
