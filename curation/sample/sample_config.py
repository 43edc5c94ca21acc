"""Parameters of the built-in dataset."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, Self

from pydantic import Field, model_validator

from curation.config import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class WorldConfig:
    """How varied the filmed objects are; the defaults are those of the small dataset.

    Attributes
    ----------
    textures : {"families", "mixed"}
        One pattern with one vivid palette an object, or everything from plain grey cloth to vivid prints.
    clutter : float
        Share of the backdrops that are crowded with textured shapes, 0..1.
    limbs : float
        Largest swing of a limb, degrees; 0: no articulated objects, otherwise most objects are.
    shadows : float
        Largest darkness of cast shadows, 0..1.
    smallest, largest : float
        Mean size of an object, as a share of the frame's shorter side.
    """

    textures: Literal["families", "mixed"] = "families"
    clutter: float = Field(default=0.0, ge=0, le=1)
    limbs: float = Field(default=0.0, ge=0, le=90)
    shadows: float = Field(default=0.0, ge=0, le=1)
    smallest: float = Field(default=0.19, gt=0.05, le=0.8)
    largest: float = Field(default=0.30, gt=0.05, le=0.8)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.smallest > self.largest:
            raise ValueError(f"smallest ({self.smallest:g}) must not be above largest ({self.largest:g})")
        return self


@parameters(frozen=True, kw_only=True, config=STRICT)
class CameraConfig:
    """Largest faults of the camera: each video gets its own, between none and these; the defaults are a good camera.

    Attributes
    ----------
    shake : float
        Standard deviation of the shaking, pixels.
    motion_blur : float
        Share of the time between frames for which the shutter is open, 0..1.
    defocus : float
        Standard deviation of the blur, pixels.
    noise : float
        Standard deviation of the sensor's noise, grey levels.
    exposure : float
        Change of gamma and gain, natural logarithm.
    colour : float
        Change of each channel's gain (white balance), natural logarithm.
    resolution : float
        Smallest share of the resolution that is left; half of the videos keep all of it.
    worst_quality : int or None
        Each video has a JPEG quality between this and 95; None: all have the dataset's.
    """

    shake: float = Field(default=0.6, ge=0, le=20)
    motion_blur: float = Field(default=0.0, ge=0, le=1)
    defocus: float = Field(default=0.0, ge=0, le=10)
    noise: float = Field(default=0.0, ge=0, le=60)
    exposure: float = Field(default=0.0, ge=0, le=1)
    colour: float = Field(default=0.0, ge=0, le=0.5)
    resolution: float = Field(default=1.0, gt=0.1, le=1)
    worst_quality: int | None = Field(default=None, ge=5, le=95)


@parameters(frozen=True, kw_only=True, config=STRICT)
class SampleConfig:
    """The content and the difficulty of the built-in dataset.

    The defaults give 30 VID videos (840 frames) and 10 evaluation clips with 12 targets. For tests of other
    parts, `SampleConfig(videos_per_subset=1, frames=6, sequence_frames=8)` is generated in about a second and
    still has every file of every layout (the rarer events, such as exits, need about 20 frames).

    Attributes
    ----------
    seed : int
        Seeds everything; every video draws from its own stream, so adding one changes no other.
    videos_per_subset : int
        Videos in each of the five VID subsets.
    frames : int
        Frames of a VID video.
    sequence_frames : int
        Frames of an evaluation sequence; VOT ones have twice as many, because VOT2016's expected overlap
        looks at lengths from 108 frames.
    width, height : int
        Frame size, pixels.
    quality : int
        JPEG quality, 1..100.
    min_objects, max_objects : int
        Annotated objects of a VID video.
    rotation : float
        Largest in-plane rotation of an object away from its mean pose, degrees.
    scale : float
        Largest ratio of an object's size to its mean size (and of the mean to the smallest).
    deformation : float
        Largest displacement of a point of an object by non-rigid motion, as a fraction of its size.
    lighting : float
        Largest relative change of brightness, 0..1: half of it over time, half of it across the frame.
    world : WorldConfig
        Variety of what is filmed.
    camera : CameraConfig
        Faults of the camera.
    """

    seed: int = Field(default=2018, ge=0)
    videos_per_subset: int = Field(default=6, ge=1)
    frames: int = Field(default=28, ge=2)
    sequence_frames: int = Field(default=64, ge=2)
    width: int = Field(default=320, ge=96)
    height: int = Field(default=240, ge=96)
    quality: int = Field(default=82, ge=1, le=100)
    min_objects: int = Field(default=4, ge=1, le=30)
    max_objects: int = Field(default=6, ge=1, le=30)
    rotation: float = Field(default=45.0, ge=0, le=360)
    scale: float = Field(default=1.45, ge=1, le=4)
    deformation: float = Field(default=0.06, ge=0, le=0.25)
    lighting: float = Field(default=0.45, ge=0, le=0.9)
    world: WorldConfig = field(default_factory=WorldConfig)
    camera: CameraConfig = field(default_factory=CameraConfig)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_objects > self.max_objects:
            raise ValueError(
                f"min_objects ({self.min_objects}) must not be above max_objects ({self.max_objects})"
            )
        return self
