"""Who moves through a scene, and how: sprites with their poses over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curation.sample.layers import Layer, Pose, Sprite
from curation.sample.motion import GRID, FloatArray, excursion, smooth_curve
from curation.sample.outlines import SHAPES, SPRITE, draw_foreground, draw_outline
from curation.sample.puppets import Body, Rigid, draw_puppet
from curation.sample.sample_config import SampleConfig
from curation.sample.textures import Family

TURN_PERIOD = 60.0
"""Frames that the slowest change of an object's angle or stretch takes for one swing."""

SIZE_PERIOD = 110.0
"""Frames of one swing of an object's size: slow enough for a tracker that changes scale by 2 % a frame."""

TRAVEL_PERIOD = 45.0
"""Frames that the slowest swing of an object across the image takes."""

EXIT_RAMP = 9
"""Frames that an object takes to leave the image, and to come back; fewer in a clip too short for it."""


@dataclass(frozen=True)
class Actor:
    """A body with its pose over time; every curve is (frames,) float64, see `Pose`."""

    body: Body
    shape: str
    x: FloatArray
    y: FloatArray
    size: FloatArray
    angle: FloatArray
    stretch: FloatArray
    bend: float
    phase: FloatArray

    def show(self, frame: int) -> Layer:
        """The body as it looks in one frame."""
        pose = Pose(
            x=float(self.x[frame]),
            y=float(self.y[frame]),
            size=float(self.size[frame]),
            angle=float(self.angle[frame]),
            stretch=float(self.stretch[frame]),
            bend=self.bend,
            phase=float(self.phase[frame]),
        )
        return self.body.show(pose, frame)

    def velocity(self, frame: int) -> FloatArray:
        """Motion since the frame before (or to the next one, in the first), (2,) pixels."""
        return step(np.stack([self.x, self.y]), frame)


def step(path: FloatArray, frame: int) -> FloatArray:
    """Motion along a (2, frames) path since the frame before, or to the next one in the first; (2,)."""
    frame = max(frame, 1)
    return path[:, frame] - path[:, frame - 1]


@dataclass(frozen=True)
class Stage:
    """The common parameters of actors: length of the clip, size of the frame (pixels), the world's motion in the
    image.

    `world`: (2, frames) float64, x and y in the image of a fixed point of the world; `shake`: (2, frames), the
    part of it that the camera's shaking and turning away adds to everything.
    """

    frames: int
    width: int
    height: int
    world: FloatArray
    shake: FloatArray


def cast_object(
    rng: np.random.Generator,
    stage: Stage,
    config: SampleConfig,
    families: Sequence[Family],
    place: float,
    *,
    leaves: bool,
) -> Actor:
    """An object with textures of `families`; its home is `place` of a full turn around the frame's middle.

    It wanders about its home, and its size, angle, stretch and bend change as it goes. With `leaves` it goes
    out of the image over the nearer side and comes back.
    """
    world = config.world
    shape, body = _draw_body(rng, families, world.limbs)
    size = min(stage.width, stage.height) * rng.uniform(world.smallest, world.largest)
    path = _wander(rng, stage, place, size)
    if leaves:
        path += _exit(rng, stage, path, size)
    path += stage.shake
    growth = smooth_curve(rng, stage.frames, period=SIZE_PERIOD, amplitude=np.log(config.scale), detail=0.15)
    swing = np.deg2rad(config.rotation)
    return Actor(
        body=body,
        shape=shape,
        x=path[0],
        y=path[1],
        size=size * np.exp(growth),
        angle=np.rad2deg(smooth_curve(rng, stage.frames, period=TURN_PERIOD, amplitude=swing)),
        stretch=np.exp(smooth_curve(rng, stage.frames, period=TURN_PERIOD, amplitude=0.16)),
        bend=config.deformation * rng.uniform(0.4, 1.0),
        phase=np.arange(stage.frames, dtype=np.float64) * rng.uniform(0.02, 0.05),
    )


def _draw_body(rng: np.random.Generator, families: Sequence[Family], limbs: float) -> tuple[str, Body]:
    """A body and the name of its kind; if limbs may swing, two bodies in three are articulated."""
    if limbs and rng.random() < 2 / 3:
        return draw_puppet(rng, families, limbs)
    texture = families[0].paint(rng, SPRITE)
    shape = list(SHAPES)[int(rng.integers(len(SHAPES)))]
    return shape, Rigid(Sprite.cut(rng, texture, draw_outline(rng, shape)))


def _wander(rng: np.random.Generator, stage: Stage, place: float, size: float) -> FloatArray:
    """A path (2, frames) about a home on a jittered ring: objects stay apart, but may cross."""
    turn = 2 * np.pi * (place + rng.uniform(-0.06, 0.06))
    frame = np.array([[stage.width], [stage.height]], np.float64)
    home = frame * (0.5 + 0.27 * np.array([[np.cos(turn)], [np.sin(turn)]])) + rng.uniform(-8, 8, (2, 1))
    swings = frame[:, 0] * rng.uniform((0.1, 0.08), (0.22, 0.2))
    path = home + np.stack(
        [smooth_curve(rng, stage.frames, period=TRAVEL_PERIOD, amplitude=swing) for swing in swings]
    )
    room = np.maximum(frame / 2 - 0.45 * size, 1.0)
    return frame / 2 + room * np.rint(np.tanh((path - frame / 2) / room) * GRID) / GRID  # a soft wall


def _exit(rng: np.random.Generator, stage: Stage, path: FloatArray, size: float) -> FloatArray:
    """A displacement (2, frames) that takes an object over the nearer side edge and back."""
    ramp = max(2, min(EXIT_RAMP, stage.frames // 4))
    length = int(rng.integers(4, 9))
    first = min(ramp + 3, stage.frames - 1)
    leave = int(rng.integers(first, max(first, stage.frames - length - ramp) + 1))
    edge = stage.width + 1.2 * size if path[0, leave] > stage.width / 2 else -1.2 * size
    move = np.zeros_like(path)
    move[0] = (edge - path[0, leave]) * excursion(stage.frames, leave, leave + length, ramp)
    return move


def cast_occluder(rng: np.random.Generator, stage: Stage, family: Family, actor: Actor) -> Actor:
    """A foreground object that drifts past and covers `actor` once, near the middle of the clip."""
    when = int(stage.frames * (0.35 + 0.3 * rng.random()))
    aspect = rng.uniform(0.25, 0.42)
    size = float(actor.size[when]) * rng.uniform(1.5, 2.0)
    clear = 0.55 * (float(actor.size[0]) + aspect * size)  # pixels between the two where they do not touch
    drift = max(rng.uniform(3.0, 5.5), clear / max(when, 1)) * (1 if rng.random() < 0.5 else -1)
    ahead = np.arange(stage.frames) - when
    texture = family.paint(rng, SPRITE)
    world = stage.world - stage.world[:, when : when + 1]
    return Actor(
        body=Rigid(Sprite.cut(rng, texture, draw_foreground(rng, aspect), shaded=False)),
        shape="occluder",
        x=actor.x[when] + world[0] + drift * ahead,
        y=actor.y[when] + world[1],
        size=np.full(stage.frames, size),
        angle=np.full(stage.frames, rng.uniform(-8, 8)),
        stretch=np.ones(stage.frames),
        bend=0.0,
        phase=np.zeros(stage.frames),
    )
