"""Measures of a subset's boxes: one number per instance and measure, from annotations alone.

An instance is one object in one frame. Boxes are x, y, w, h, 0-based pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.crops.crop_config import CropConfig
from curation.crops.geometry import Window, centred_window, search_side
from curation.documents.annotated_tracks import Tracks

MEASURES = {
    "box_size": "square root of the box's area, pixels",
    "relative_size": "the same as a share of the image's",
    "aspect": "width over height",
    "motion": "shift of the centre from one frame to the next, in box sizes",
    "size_change": "box size over that of the frame before",
    "aspect_change": "aspect over that of the frame before",
    "truncation": "share of the box that lies outside the image",
    "padding": "share of the search region that lies outside the image",
}
"""Name of every measure, and what it is, with its unit. Where a frame has no neighbour before it, those
between frames are NaN."""


@dataclass(frozen=True)
class Instances:
    """The instances of a subset, track after track, ascending by frame within a track.

    Parameters
    ----------
    tracks : list of (str, int)
        T tracks: key of the video, trackid.
    track : (N,) int64
        Index of each instance's track.
    frame : (N,) int64
        Frame number.
    boxes : (N, 4) float64
        x, y, w, h, 0-based pixels.
    image : (N, 2) float64
        Width and height of the frame, pixels.
    occluded, generated : (N,) bool
        As annotated.
    """

    tracks: list[tuple[str, int]]
    track: NDArray[np.int64]
    frame: NDArray[np.int64]
    boxes: NDArray[np.float64]
    image: NDArray[np.float64]
    occluded: NDArray[np.bool_]
    generated: NDArray[np.bool_]


def flatten(tracks: Tracks) -> Instances:
    """The instances of a subset's tracks."""
    videos = sorted(tracks.videos.items())
    length = _joined([video.length for _, video in videos])
    return Instances(
        tracks=[
            (f"{tracks.subset}/{name}", track) for name, video in videos for track in video.track.tolist()
        ],
        track=np.repeat(np.arange(len(length)), length),
        frame=_joined([video.frame for _, video in videos]).astype(np.int64),
        boxes=_joined([video.boxes.ravel() for _, video in videos]).astype(np.float64).reshape(-1, 4),
        image=_joined([video.sizes_of(video.frame).ravel() for _, video in videos])
        .astype(np.float64)
        .reshape(-1, 2),
        occluded=_joined([video.occluded for _, video in videos]).astype(bool),
        generated=_joined([video.generated for _, video in videos]).astype(bool),
    )


def _joined(columns: list[Any]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, np.int32), *columns])


def search_window(box: NDArray[np.float64], crop: CropConfig) -> Window:
    """The window of the frame that the search crop of a box shows."""
    side = search_side(float(box[2]), float(box[3]), crop.context, crop.exemplar_size, crop.search_size)
    return centred_window(box.tolist(), side)


def measure(instances: Instances, crop: CropConfig) -> dict[str, NDArray[np.float64]]:
    """Every measure of `MEASURES`, each an (N,) array.

    Parameters
    ----------
    instances : Instances
    crop : CropConfig
        How the crops were made; only `padding` depends on it.
    """
    x, y, width, height = instances.boxes.T
    size = np.sqrt(width * height)
    aspect = width / height
    centre = np.stack([x + width / 2, y + height / 2])
    # True where the instance before is the same track's in the frame before.
    follows = (np.diff(instances.track, prepend=-1) == 0) & (np.diff(instances.frame, prepend=-1) == 1)
    before = np.maximum(np.arange(len(size)) - 1, 0)
    shift = np.hypot(*(centre - centre[:, before]))
    windows = np.array([search_window(box, crop) for box in instances.boxes], np.float64).reshape(-1, 3)
    left, top, side = windows.T
    return {
        "box_size": size,
        "relative_size": size / np.sqrt(instances.image.prod(axis=1)),
        "aspect": aspect,
        "motion": np.where(follows, shift / size[before], np.nan),
        "size_change": np.where(follows, size / size[before], np.nan),
        "aspect_change": np.where(follows, aspect / aspect[before], np.nan),
        "truncation": share_outside(x, y, width, height, instances.image),
        "padding": share_outside(left, top, side, side, instances.image),
    }


def share_outside(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    width: NDArray[np.float64],
    height: NDArray[np.float64],
    image: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Share of the area of rectangles that lies outside their images, 0 to 1; all (N,), `image` (N, 2)."""
    inside_x = np.clip(np.minimum(x + width, image[:, 0]) - np.maximum(x, 0), 0, None)
    inside_y = np.clip(np.minimum(y + height, image[:, 1]) - np.maximum(y, 0), 0, None)
    return 1 - inside_x * inside_y / (width * height)


def at_border(instances: Instances) -> NDArray[np.bool_]:
    """Whether each box touches the border of its image or sticks out over it: the object may be cut off."""
    x, y, width, height = instances.boxes.T
    return (x <= 0) | (y <= 0) | (x + width >= instances.image[:, 0]) | (y + height >= instances.image[:, 1])
