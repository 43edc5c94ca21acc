"""A benchmark's record of a target: boxes, polygons and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.sample.motion import FloatArray
from curation.sample.scene import Scene
from curation.sample.sighting import Sighting

PRESENT_FROM = 0.12
"""A target counts as absent where less of its mask is to be seen than this share."""

HIDDEN_FROM = 0.12
"""A target counts as occluded where at least this share of the part inside the image is hidden."""


@dataclass(frozen=True)
class Track:
    """One target over its frames.

    Attributes
    ----------
    boxes : (N, 4) float64
        x y w h, 0-based; the tight box of the mask inside the image (of the whole mask where nothing is
        inside).
    polygons : (N, 4, 2) float64
        Boxes along the target's own axes, 0-based.
    present : (N,) bool
        Whether enough of it is visible.
    traits : frozenset of str
        Attributes of the whole track, in the abbreviations of OTB and UAV123.
    tags : dict of str to (N,) bool
        VOT's tags, frame by frame.
    size : (width, height)
        Of the frames, pixels.
    """

    boxes: FloatArray
    polygons: FloatArray
    present: NDArray[np.bool_]
    traits: frozenset[str]
    tags: dict[str, NDArray[np.bool_]]
    size: tuple[int, int]


def follow(scene: Scene, target: int, start: int, sightings: Sequence[Sighting]) -> Track:
    """Record target number `target` of a scene from frame `start` on.

    The attributes follow OTB's definitions where it has figures: size ratio outside 0.5..2 (SV), motion over
    20 pixels a frame (FM), fewer than 400 pixels (LR).
    """
    boxes = np.array([_box(seen) for seen in sightings])
    present = np.array([seen.visible >= PRESENT_FROM for seen in sightings])
    inside = np.array([seen.inside for seen in sightings])
    hidden = np.array([seen.hidden >= HIDDEN_FROM for seen in sightings])
    actor = scene.actors[target]
    span = slice(start, start + len(sightings))
    area = boxes[:, 2] * boxes[:, 3]
    aspect = boxes[:, 2] / boxes[:, 3]
    speed = np.hypot(*np.diff(boxes[:, :2] + boxes[:, 2:] / 2, axis=0, prepend=np.nan).T)
    speed = np.nan_to_num(speed)
    light = scene.brightness(span)
    ratio, shape = area[present] / area[0], aspect[present] / aspect[0]
    earned = {
        "SV": bool(((ratio < 0.5) | (ratio > 2)).any()),
        "ARC": bool(((shape < 0.5) | (shape > 2)).any()),
        "OCC": bool(hidden.any()),
        "POC": bool(hidden.any()),
        "FOC": bool((hidden & ~present).any()),
        "DEF": actor.bend > 0,
        "FM": bool((speed > 20).any()),
        "IPR": bool(np.ptp(actor.angle[span]) > 20),
        "OPR": bool(np.ptp(actor.stretch[span]) > 0.15),
        "VC": bool(np.ptp(actor.stretch[span]) > 0.15),
        "OV": bool((inside < 0.9).any()),
        "LR": bool((area[present] < 400).any()),
        "IV": bool(np.ptp(light) > 0.3),
        "BC": scene.script.distractors > 0,
        "SOB": scene.script.distractors > 0,
        "CM": True,
    }
    growth = np.abs(np.diff(np.log(area), prepend=np.log(area[0])))
    tags = {
        "camera_motion": np.ones(len(sightings), bool),
        "illum_change": np.abs(np.diff(light, prepend=light[0])) > 0.02,
        "motion_change": speed > 5,
        "occlusion": hidden,
        "size_change": growth > 0.05,
    }
    traits = frozenset(name for name, has in earned.items() if has)
    return Track(boxes, polygons(sightings), present, traits, tags, (scene.script.width, scene.script.height))


def polygons(sightings: Sequence[Sighting]) -> FloatArray:
    """(N, 4, 2) float64: the fitted boxes of the sightings."""
    return np.stack([seen.polygon for seen in sightings])


def _box(seen: Sighting) -> tuple[float, float, float, float]:
    if seen.corners is not None:
        xmin, ymin, xmax, ymax = seen.corners
    else:
        xmin, ymin = np.floor(seen.polygon.min(axis=0))
        xmax, ymax = np.ceil(seen.polygon.max(axis=0))
    return float(xmin), float(ymin), float(xmax - xmin + 1), float(ymax - ymin + 1)
