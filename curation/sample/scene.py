"""A scene: backdrop, moving objects, things in front of them, camera and light; drawn frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curation.sample.actors import EXIT_RAMP, Stage, cast_object, cast_occluder, step
from curation.sample.backgrounds import draw_background
from curation.sample.camera import Camera
from curation.sample.layers import Layer, paste, smear, smear_image
from curation.sample.motion import FloatArray, excursion, smooth_curve
from curation.sample.sample_config import SampleConfig
from curation.sample.sighting import Sighting, cover, see
from curation.sample.textures import Family, Image

LIGHT_PERIOD = 60.0
"""Frames that the slowest change of the light takes for one swing."""


@dataclass(frozen=True)
class Script:
    """The events of one clip.

    Attributes
    ----------
    frames, width, height : int
        Length of the clip; size of the frame, pixels.
    objects : int
        Tracked objects.
    distractors : int
        How many of the last objects have a texture of the first one's family.
    occlusions : int
        How many of the first objects something in the foreground passes.
    exits : tuple of int
        Which objects leave the image and return.
    empty : bool
        Whether the camera looks away for some frames, so that nothing is left to annotate.
    patterns : sequence of str
        Names of the texture patterns to draw from.
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


class Scene:
    """A clip, ready to be drawn frame by frame.

    Parameters
    ----------
    script : Script
    config : SampleConfig
    rng : numpy.random.Generator
        All randomness comes from here, while the scene is set up; drawing depends on the frame's number
        alone.
    """

    def __init__(self, script: Script, config: SampleConfig, rng: np.random.Generator) -> None:
        self.script = script
        world = config.world
        self._camera = Camera(rng, config.camera, script.frames, script.width, script.height)
        self.quality = self._camera.quality or config.quality
        self.background = draw_background(
            rng, script.height * 3 // 2, script.width * 3 // 2, script.patterns, world
        )
        self._stage = self._set(rng)
        self._turn = smooth_curve(rng, script.frames, period=80.0, amplitude=3.0)
        self._zoom = np.exp(smooth_curve(rng, script.frames, period=80.0, amplitude=0.06))
        self._light = self._gains(rng, config.lighting)
        self._shadow = self._sun(rng, world.shadows)
        mixed = world.textures == "mixed"
        families = [
            [Family.draw(rng, script.patterns, mixed=mixed) for _ in range(3 if world.limbs else 1)]
            for _ in range(script.objects)
        ]
        for index in range(script.objects - script.distractors, script.objects):
            families[index] = families[0]
        first = rng.random()
        self.actors = [
            cast_object(
                rng, self._stage, config, own, first + index / script.objects, leaves=index in script.exits
            )
            for index, own in enumerate(families)
        ]
        self.occluders = [
            cast_occluder(rng, self._stage, Family.draw(rng, script.patterns, mixed=mixed), actor)
            for actor in self.actors[: script.occlusions]
        ]

    def _set(self, rng: np.random.Generator) -> Stage:
        script = self.script
        sides = (script.width, script.height)
        pan = np.stack(
            [smooth_curve(rng, script.frames, period=70.0, amplitude=0.16 * side) for side in sides]
        )
        shake = self._camera.shake.copy()
        if script.empty:
            ramp = max(2, min(EXIT_RAMP, script.frames // 4))
            away = int(rng.integers(script.frames // 2, max(script.frames // 2, script.frames - 4) + 1))
            shake[0] += excursion(script.frames, away - 1, away + 2, ramp) * 1.6 * script.width
        return Stage(script.frames, script.width, script.height, world=pan + shake, shake=shake)

    def _gains(self, rng: np.random.Generator, depth: float) -> NDArray[np.uint8]:
        """Gains (frames, 4, 5) uint8 in 1/128: a level that changes, a slope that wanders over the frame."""
        frames = self.script.frames
        level, across, down = (
            smooth_curve(rng, frames, period=LIGHT_PERIOD, amplitude=depth / 2)[:, None, None]
            for _ in range(3)
        )
        x, y = np.linspace(-0.5, 0.5, 5), np.linspace(-0.5, 0.5, 4)[:, None]
        return np.rint(np.clip(1 + level + across * x + down * y, 0.2, 1.9) * 128).astype(np.uint8)

    def _sun(self, rng: np.random.Generator, depth: float) -> tuple[float, float, float]:
        """Cast shadows: darkness 0..1, and how far they fall sideways and down, in sizes of the object."""
        if not depth:
            return 0.0, 0.0, 0.0
        return depth * rng.random(), rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.4)

    def brightness(self, frames: slice) -> FloatArray:
        """Mean gain of the light, (N,) float64, 1 for neutral, over a slice of the frames."""
        return self._light[frames].mean(axis=(1, 2)) / 128

    def draw(self, frame: int) -> tuple[Image, list[Sighting]]:
        """One frame, (height, width, 3) uint8 BGR, and what can be seen of every object, by track id."""
        script = self.script
        image = smear_image(self._view(frame), *(self._camera.shutter * step(self._stage.world, frame)))
        layers = [actor.show(frame) for actor in self.actors]
        front = [thing.show(frame) for thing in self.occluders]
        if self._shadow[0]:
            for actor, layer in zip(self.actors, layers, strict=True):
                self._darken(image, layer, float(actor.size[frame]))
        drawn = [*zip(self.actors, layers, strict=True)]
        drawn.reverse()  # the first object is the nearest
        for actor, layer in [*drawn, *zip(self.occluders, front, strict=True)]:
            paste(image, smear(layer, *(self._camera.shutter * actor.velocity(frame))))
        gain = cv2.resize(self._light[frame], (script.width, script.height), interpolation=cv2.INTER_CUBIC)
        image = np.asarray(cv2.multiply(image, cv2.merge([gain, gain, gain]), scale=1 / 128), np.uint8)
        image = self._camera.expose(image, frame)
        hidden = np.zeros((script.height, script.width), bool)
        for layer in front:
            cover(hidden, layer)
        sightings = []
        for actor, layer in zip(self.actors, layers, strict=True):
            sightings.append(see(layer, hidden, float(actor.angle[frame])))
            cover(hidden, layer)
        return image, sightings

    def _darken(self, image: Image, layer: Layer, size: float) -> None:
        """Put the shadow of a layer on a picture, in place."""
        depth, across, down = self._shadow
        pixels = np.zeros_like(layer.pixels)
        cover = cv2.GaussianBlur(layer.pixels[..., 3], (0, 0), max(0.8, 0.03 * size))
        pixels[..., 3] = np.rint(cover * depth).astype(np.uint8)
        paste(image, Layer(pixels, layer.left + round(across * size), layer.top + round(down * size)))

    def _view(self, frame: int) -> Image:
        """The backdrop as the camera sees it."""
        script = self.script
        turn, zoom = np.deg2rad(self._turn[frame]), self._zoom[frame]
        matrix = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0]]) * zoom
        centre = np.array([script.width / 2, script.height / 2])
        matrix[:, 2] = 1.5 * centre - self._stage.world[:, frame] - matrix[:, :2] @ centre
        view = cv2.warpAffine(
            self.background,
            np.rint(matrix * 65536) / 65536,
            (script.width, script.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return np.asarray(view, np.uint8)
