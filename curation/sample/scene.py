"""A scene: a backdrop, moving objects, things in front of them, a camera and the light; drawn frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.config import SampleConfig
from curation.sample.motion import GRID, FloatArray, excursion, shake_curve, smooth_curve
from curation.sample.objects import (
    SHAPES,
    SPRITE,
    Layer,
    Pose,
    draw_occluder,
    draw_sprite,
    paste,
    render,
)
from curation.sample.textures import Family, Image, draw_background

APPEARANCE_PERIOD = 55.0
"""Frames that the slowest change of an object's scale, angle, stretch or light takes for one swing."""

TRAVEL_PERIOD = 45.0
"""Frames that the slowest swing of an object across the image takes."""

EXIT_RAMP = 11
"""Frames that an object takes to leave the image, and to come back."""


@dataclass(frozen=True)
class Script:
    """What has to happen in one clip.

    `objects` tracked objects, the last `distractors` of them from the texture family of the first;
    `occlusions`: how many objects (the first ones) a foreground thing passes; `exits`: how many objects leave
    the image and return, the first `occlusions` spared if there are others; `empty`: the camera looks away
    for some frames, so that nothing is left to annotate.
    """

    frames: int
    width: int
    height: int
    objects: int
    distractors: int
    occlusions: int
    exits: tuple[int, ...]
    empty: bool
    patterns: Sequence[str]


@dataclass(frozen=True)
class Sighting:
    """One object in one frame.

    Attributes
    ----------
    corners : (xmin, ymin, xmax, ymax) of int or None
        The tight box of the object's mask clipped to the image, 0-based, both ends inclusive; what hides the
        object does not shrink it. None where no pixel of the mask is inside the image.
    polygon : (4, 2) float64
        The box along the object's own axes, 0-based, not clipped: corners of the outermost pixels' centres.
    inside : float
        Share of the mask's pixels inside the image.
    visible : float
        Share of the mask's pixels inside the image and hidden by nothing nearer.
    """

    corners: tuple[int, int, int, int] | None
    polygon: FloatArray
    inside: float
    visible: float


@dataclass(frozen=True)
class Actor:
    """A sprite with its pose over time; every curve is (frames,) float64, see `Pose`."""

    sprite: Image
    shape: str
    x: FloatArray
    y: FloatArray
    size: FloatArray
    angle: FloatArray
    stretch: FloatArray
    bend: float
    phase: FloatArray

    def pose(self, frame: int) -> Pose:
        return Pose(
            x=float(self.x[frame]),
            y=float(self.y[frame]),
            size=float(self.size[frame]),
            angle=float(self.angle[frame]),
            stretch=float(self.stretch[frame]),
            bend=self.bend,
            phase=float(self.phase[frame]),
        )


class Scene:
    """A clip, ready to be drawn frame by frame.

    Parameters
    ----------
    script : Script
    config : SampleConfig
    rng : numpy.random.Generator
        All randomness comes from here, while the scene is set up; drawing is a function of the frame's
        number.
    """

    def __init__(self, script: Script, config: SampleConfig, rng: np.random.Generator) -> None:
        self.script = script
        self._config = config
        frames, width, height = script.frames, script.width, script.height
        self.background = draw_background(rng, height * 3 // 2, width * 3 // 2, script.patterns)
        camera = np.stack(
            [smooth_curve(rng, frames, period=70.0, amplitude=0.16 * side) for side in (width, height)]
        )
        shake = np.stack([shake_curve(rng, frames, 0.6) for _ in range(2)])
        if script.empty:
            middle = int(rng.integers(frames // 2, max(frames // 2, frames - 4) + 1))
            shake[0] += excursion(frames, middle - 1, middle + 2, EXIT_RAMP) * 1.6 * width
        self._backdrop = camera + shake
        self._turn = smooth_curve(rng, frames, period=80.0, amplitude=3.0)
        self._zoom = np.exp(smooth_curve(rng, frames, period=80.0, amplitude=0.06))
        family = Family.draw(rng, script.patterns)
        self.actors = [self._cast(rng, index, family, shake) for index in range(script.objects)]
        self.occluders = [
            self._obstruct(rng, self.actors[index], index)
            for index in range(min(script.occlusions, script.objects))
        ]
        self._light = self._gain_maps(rng)

    def _cast(self, rng: np.random.Generator, index: int, family: Family, shake: FloatArray) -> Actor:
        script, config = self.script, self._config
        frames = script.frames
        kin = index == 0 or index >= script.objects - script.distractors
        texture = (family if kin else Family.draw(rng, script.patterns)).paint(rng, SPRITE)
        shape = list(SHAPES)[int(rng.integers(len(SHAPES)))]
        base = min(script.width, script.height) * rng.uniform(0.19, 0.3)
        # Homes on a jittered ring round the middle keep objects apart without forbidding that they cross.
        turn = 2 * np.pi * (index / script.objects + rng.uniform(-0.06, 0.06))
        spread = 0.0 if script.objects == 1 else 0.27
        x = script.width * (0.5 + spread * np.cos(turn)) + rng.uniform(-8, 8)
        y = script.height * (0.5 + spread * np.sin(turn)) + rng.uniform(-8, 8)
        path = np.stack(
            [
                x
                + smooth_curve(
                    rng, frames, period=TRAVEL_PERIOD, amplitude=script.width * rng.uniform(0.1, 0.22)
                ),
                y
                + smooth_curve(
                    rng, frames, period=TRAVEL_PERIOD, amplitude=script.height * rng.uniform(0.08, 0.2)
                ),
            ]
        )
        limit = np.array([[script.width], [script.height]]) / 2
        room = np.maximum(limit - 0.45 * base, 1.0)
        path = limit + room * np.rint(np.tanh((path - limit) / room) * GRID) / GRID  # a soft wall
        if index in script.exits:
            path += self._exit(rng, path, base)
        path += shake
        swing = np.deg2rad(config.rotation)
        return Actor(
            sprite=draw_sprite(rng, texture, shape),
            shape=shape,
            x=path[0],
            y=path[1],
            size=base
            * np.exp(smooth_curve(rng, frames, period=APPEARANCE_PERIOD, amplitude=np.log(config.scale))),
            angle=np.rad2deg(smooth_curve(rng, frames, period=APPEARANCE_PERIOD, amplitude=swing)),
            stretch=np.exp(smooth_curve(rng, frames, period=APPEARANCE_PERIOD, amplitude=0.16)),
            bend=config.deformation * rng.uniform(0.4, 1.0),
            phase=np.cumsum(np.full(frames, rng.uniform(0.02, 0.05))),
        )

    def _exit(self, rng: np.random.Generator, path: FloatArray, size: float) -> FloatArray:
        """A displacement (2, frames) that takes an object over the nearest side edge and back."""
        script = self.script
        length = int(rng.integers(4, 9))
        first = min(EXIT_RAMP + 3, script.frames - 1)
        leave = int(rng.integers(first, max(first, script.frames - length - EXIT_RAMP) + 1))
        right = path[0, leave] > script.width / 2
        edge = script.width + 1.2 * size if right else -1.2 * size
        move = np.zeros_like(path)
        move[0] = (edge - path[0, leave]) * excursion(script.frames, leave, leave + length, EXIT_RAMP)
        return move

    def _obstruct(self, rng: np.random.Generator, actor: Actor, index: int) -> Actor:
        """Something in the foreground that stands still in the world or drifts, and meets `actor` once."""
        script = self.script
        frames = script.frames
        when = int(frames * (0.35 + 0.3 * rng.random()))
        drift = rng.uniform(2.0, 4.0) * (1 if rng.random() < 0.5 else -1)
        texture = Family.draw(rng, script.patterns).paint(rng, SPRITE)
        aspect = rng.uniform(0.25, 0.42)
        size = float(actor.size[when]) * rng.uniform(1.5, 2.0)
        time = np.arange(frames) - when
        return Actor(
            sprite=draw_occluder(rng, texture, aspect),
            shape="occluder",
            x=actor.x[when] + self._backdrop[0] - self._backdrop[0, when] + drift * time,
            y=actor.y[when] + self._backdrop[1] - self._backdrop[1, when],
            size=np.full(frames, size),
            angle=np.full(frames, rng.uniform(-8, 8)),
            stretch=np.ones(frames),
            bend=0.0,
            phase=np.zeros(frames),
        )

    def _gain_maps(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Gain maps (frames, 4, 5) uint8 in 1/128: a level that changes over time, a slope that wanders over the frame."""
        frames, depth = self.script.frames, self._config.lighting
        level = smooth_curve(rng, frames, period=APPEARANCE_PERIOD, amplitude=depth / 2)
        across, down = (smooth_curve(rng, frames, period=90.0, amplitude=depth / 2) for _ in range(2))
        x, y = np.linspace(-1, 1, 5), np.linspace(-1, 1, 4)
        gain = (
            1
            + level[:, None, None]
            + 0.5 * across[:, None, None] * x
            + 0.5 * down[:, None, None] * y[:, None]
        )
        return np.rint(np.clip(gain, 0.2, 1.9) * 128).astype(np.uint8)

    def brightness(self, frames: slice) -> FloatArray:
        """Mean gain of the light, (N,) float64, 1 for neutral, over a slice of the frames."""
        return self._light[frames].mean(axis=(1, 2)) / 128

    def draw(self, frame: int) -> tuple[Image, list[Sighting]]:
        """One frame, (height, width, 3) uint8 BGR, and what is to be seen of every object, in order of track id."""
        script = self.script
        image = self._backdrop_at(frame)
        layers = [render(actor.sprite, actor.pose(frame)) for actor in self.actors]
        front = [render(thing.sprite, thing.pose(frame)) for thing in self.occluders]
        for layer in [*reversed(layers), *front]:  # the first object is the nearest
            paste(image, layer)
        field = cv2.resize(self._light[frame], (script.width, script.height), interpolation=cv2.INTER_CUBIC)
        image = cv2.multiply(image, cv2.merge([field, field, field]), scale=1 / 128)
        hidden = np.zeros((script.height, script.width), bool)
        for layer in front:
            _cover(hidden, layer)
        sightings = []
        for actor, layer in zip(self.actors, layers, strict=True):
            sightings.append(_sight(layer, hidden, float(actor.angle[frame])))
            _cover(hidden, layer)
        return image, sightings

    def _backdrop_at(self, frame: int) -> Image:
        script = self.script
        turn, zoom = np.deg2rad(self._turn[frame]), self._zoom[frame]
        cosine, sine = np.cos(turn) * zoom, np.sin(turn) * zoom
        centre = np.array([script.width / 2, script.height / 2])
        offset = np.array([script.width * 0.75, script.height * 0.75]) - self._backdrop[:, frame]
        matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
        matrix[:, 2] = offset - matrix[:, :2] @ centre
        return cv2.warpAffine(
            self.background,
            np.rint(matrix * 65536) / 65536,
            (script.width, script.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )


def _window(layer: Layer, shape: tuple[int, ...]) -> tuple[slice, slice, slice, slice]:
    """The part of a layer inside a frame: rows and columns of the frame, rows and columns of the layer."""
    rows, columns = layer.pixels.shape[:2]
    x0, y0 = min(max(layer.left, 0), shape[1]), min(max(layer.top, 0), shape[0])
    x1, y1 = max(min(layer.left + columns, shape[1]), x0), max(min(layer.top + rows, shape[0]), y0)
    own = slice(y0 - layer.top, y1 - layer.top), slice(x0 - layer.left, x1 - layer.left)
    return slice(y0, y1), slice(x0, x1), *own


def _cover(hidden: NDArray[np.bool_], layer: Layer) -> None:
    """Mark a layer's pixels in a (height, width) map, in place."""
    rows, columns, own_rows, own_columns = _window(layer, hidden.shape)
    hidden[rows, columns] |= layer.mask[own_rows, own_columns]


def _sight(layer: Layer, hidden: NDArray[np.bool_], angle: float) -> Sighting:
    """Measure a layer in a frame whose nearer things cover `hidden`; see `Sighting`."""
    mask = layer.mask
    total = max(int(np.count_nonzero(mask)), 1)
    rows, columns, own_rows, own_columns = _window(layer, hidden.shape)
    part = mask[own_rows, own_columns]
    inside = int(np.count_nonzero(part))
    visible = int(np.count_nonzero(part & ~hidden[rows, columns]))
    corners = None
    if inside:
        x, y, wide, high = cv2.boundingRect(part.astype(np.uint8))
        x, y = x + columns.start, y + rows.start
        corners = (x, y, x + wide - 1, y + high - 1)
    return Sighting(corners, _fit(layer, angle), inside / total, visible / total)


def _fit(layer: Layer, angle: float) -> FloatArray:
    """The corners, (4, 2), of the tight box turned by `angle` degrees round a layer's mask."""
    y, x = np.nonzero(layer.mask)
    if not x.size:
        return np.full((4, 2), np.nan)
    turn = np.deg2rad(angle)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    own = axes @ np.stack([x + layer.left, y + layer.top])
    (u0, v0), (u1, v1) = own.min(axis=1), own.max(axis=1)
    return np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1)]) @ axes
