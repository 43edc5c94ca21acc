"""The body of an object: one stiff sprite, or several parts that swing about joints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from curation.sample.layers import Layer, Pose, Sprite, render, stack
from curation.sample.outlines import SPRITE, draw_part
from curation.sample.textures import Family


class Body(Protocol):
    """Anything that can be drawn in a pose."""

    def show(self, pose: Pose, frame: int) -> Layer:
        """The body in its pose, in frame number `frame`."""


@dataclass(frozen=True)
class Rigid:
    """A body of one sprite."""

    sprite: Sprite

    def show(self, pose: Pose, frame: int) -> Layer:  # noqa: ARG002
        return render(self.sprite, pose)


@dataclass(frozen=True)
class Part:
    """One part of a puppet; lengths are in sides of the whole, angles in degrees, clockwise on the screen.

    `x`, `y`: the joint, from the middle of the whole. `length`: side of the part's sprite. `hang`: how far
    from the joint the sprite's middle lies, as a share of `length`, downwards when `rest` is 0. `swing`:
    largest turn about `rest`; `rate`: swings a frame; `lag`: turns. `spin`: degrees a frame.
    """

    sprite: Sprite
    x: float
    y: float
    length: float
    hang: float = 0.42
    rest: float = 0.0
    swing: float = 0.0
    rate: float = 0.0
    lag: float = 0.0
    spin: float = 0.0

    def angle(self, frame: int) -> float:
        """Turn about the joint, degrees."""
        return (
            self.rest
            + self.spin * frame
            + self.swing * float(np.sin(2 * np.pi * (self.rate * frame + self.lag)))
        )


@dataclass(frozen=True)
class Puppet:
    """A body of several parts, the first at the back."""

    parts: tuple[Part, ...]

    def show(self, pose: Pose, frame: int) -> Layer:
        turn = np.deg2rad(pose.angle)
        layers = []
        for part in self.parts:
            angle = part.angle(frame)
            hang = part.hang * part.length
            u = (part.x - hang * np.sin(np.deg2rad(angle))) * pose.size * pose.stretch
            v = (part.y + hang * np.cos(np.deg2rad(angle))) * pose.size / pose.stretch
            own = replace(
                pose,
                x=pose.x + float(np.cos(turn) * u - np.sin(turn) * v),
                y=pose.y + float(np.sin(turn) * u + np.cos(turn) * v),
                size=part.length * pose.size,
                angle=pose.angle + angle,
            )
            layers.append(render(part.sprite, own))
        return stack(layers)


def draw_puppet(rng: np.random.Generator, families: Sequence[Family], swing: float) -> tuple[str, Puppet]:
    """A random articulated body and the name of its kind, a key of `PUPPETS`.

    It is dressed in textures of `families`; its limbs swing by up to `swing` degrees.
    """
    kind = list(PUPPETS)[int(rng.integers(len(PUPPETS)))]
    return kind, Puppet(tuple(PUPPETS[kind](rng, _Wardrobe(rng, families), swing)))


class _Wardrobe:
    """Cuts sprites of parts from the families of one puppet; parts of one `cloth` number look alike."""

    def __init__(self, rng: np.random.Generator, families: Sequence[Family]) -> None:
        self._rng = rng
        self._textures = [family.paint(rng, SPRITE) for family in families]

    def cut(self, cloth: int, aspect: float) -> Sprite:
        texture = self._textures[cloth % len(self._textures)]
        return Sprite.cut(self._rng, texture, draw_part(self._rng, aspect))


def _person(rng: np.random.Generator, wardrobe: _Wardrobe, swing: float) -> list[Part]:
    rate, lag = rng.uniform(0.02, 0.07), rng.random()
    legs, arms = rng.uniform(0.4, 1.0, 2) * swing
    wide = rng.uniform(0.8, 1.25)
    leg, arm = wardrobe.cut(1, 0.3 * wide), wardrobe.cut(0, 0.24 * wide)
    torso, head = wardrobe.cut(0, 0.52 * wide), wardrobe.cut(2, 0.75)
    return [
        Part(arm, -0.09, -0.26, 0.36, rest=5, swing=arms, rate=rate, lag=lag),
        Part(leg, -0.04 * wide, 0.07, 0.46, swing=legs, rate=rate, lag=lag + 0.5),
        Part(leg, 0.04 * wide, 0.07, 0.46, swing=legs, rate=rate, lag=lag),
        Part(torso, 0.0, -0.3, 0.46),
        Part(head, 0.0, -0.27, 0.23, rest=180, swing=4, rate=rate),
        Part(arm, 0.09, -0.26, 0.36, rest=-5, swing=arms, rate=rate, lag=lag + 0.5),
    ]


def _quadruped(rng: np.random.Generator, wardrobe: _Wardrobe, swing: float) -> list[Part]:
    rate, lag = rng.uniform(0.03, 0.08), rng.random()
    legs = rng.uniform(0.4, 1.0) * swing
    leg, trunk = wardrobe.cut(0, 0.25), wardrobe.cut(0, rng.uniform(0.4, 0.65))
    head, tail = wardrobe.cut(1, 0.7), wardrobe.cut(0, 0.15)
    places = zip((-0.24, 0.2, -0.18, 0.26), (0.0, 0.5, 0.5, 0.0), strict=True)
    limbs = [Part(leg, x, 0.06, 0.36, swing=legs, rate=rate, lag=lag + shift) for x, shift in places]
    return [
        *limbs,
        Part(tail, -0.28, -0.08, 0.3, rest=rng.uniform(60, 130), swing=swing, rate=rate),
        Part(trunk, -0.3, 0.0, 0.68, rest=-90),
        Part(head, 0.26, -0.06, 0.32, rest=rng.uniform(-150, -100), swing=0.4 * swing, rate=rate / 2),
    ]


def _wheeled(rng: np.random.Generator, wardrobe: _Wardrobe, swing: float) -> list[Part]:
    spin = rng.uniform(-15, 15)
    wheel, hull = wardrobe.cut(1, 1.0), wardrobe.cut(0, rng.uniform(0.3, 0.6))
    size, base = rng.uniform(0.22, 0.4), rng.uniform(0.2, 0.32)
    parts = [Part(wheel, x, 0.2, size, hang=0.0, spin=spin) for x in (-base, base)]
    parts.append(Part(hull, -0.45, 0.05, 0.95, hang=0.47, rest=-90))
    if rng.random() < 0.5:
        parts.append(Part(wardrobe.cut(2, 0.5), 0.0, 0.05, 0.5, rest=180, swing=0.4 * swing, rate=0.03))
    else:
        parts.append(Part(wardrobe.cut(0, rng.uniform(0.4, 0.8)), -0.25, -0.1, 0.55, hang=0.47, rest=-90))
    return parts


def _lump(rng: np.random.Generator, wardrobe: _Wardrobe, swing: float) -> list[Part]:
    parts = [Part(wardrobe.cut(0, rng.uniform(0.5, 1.0)), 0.0, 0.0, rng.uniform(0.5, 0.8), hang=0.0)]
    for _ in range(int(rng.integers(0, 5))):
        place = rng.uniform(0, 2 * np.pi)
        limb = Part(
            wardrobe.cut(int(rng.integers(3)), rng.uniform(0.2, 0.8)),
            0.2 * float(np.cos(place)),
            0.2 * float(np.sin(place)),
            rng.uniform(0.25, 0.5),
            rest=float(np.rad2deg(place)) - 90,
            swing=rng.uniform(0.2, 1.0) * swing,
            rate=rng.uniform(0.01, 0.06),
            lag=rng.random(),
        )
        parts.insert(int(rng.integers(2)) * len(parts), limb)
    return parts


PUPPETS: dict[str, Callable[[np.random.Generator, _Wardrobe, float], list[Part]]] = {
    "person": _person,
    "quadruped": _quadruped,
    "wheeled": _wheeled,
    "lump": _lump,
}
"""Kinds of articulated bodies by name."""
