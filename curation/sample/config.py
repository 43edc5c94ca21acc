"""Parameters of the built-in dataset."""

from __future__ import annotations

from pydantic import Field

from curation.errors import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class SampleConfig:
    """What the built-in dataset holds and how hard it is.

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
        Greatest in-plane rotation of an object away from its mean pose, degrees.
    scale : float
        Greatest ratio of an object's size to its mean size (and of the mean to the smallest).
    deformation : float
        Greatest displacement of a point of an object by non-rigid motion, as a fraction of its size.
    lighting : float
        Greatest relative change of brightness, 0..1: half of it over time, half of it across the frame.
    """

    seed: int = Field(default=2018, ge=0)
    videos_per_subset: int = Field(default=6, ge=1)
    frames: int = Field(default=28, ge=2)
    sequence_frames: int = Field(default=64, ge=2)
    width: int = Field(default=320, ge=96)
    height: int = Field(default=240, ge=96)
    quality: int = Field(default=82, ge=1, le=100)
    min_objects: int = Field(default=3, ge=1)
    max_objects: int = Field(default=5, ge=1)
    rotation: float = Field(default=45.0, ge=0, le=360)
    scale: float = Field(default=1.45, ge=1, le=4)
    deformation: float = Field(default=0.06, ge=0, le=0.25)
    lighting: float = Field(default=0.45, ge=0, le=0.9)
