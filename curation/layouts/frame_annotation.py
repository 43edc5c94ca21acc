"""The annotation of one frame, in any layout, and which boxes can be used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from curation.errors import InputError

Box = tuple[float, float, float, float]
"""x, y, w, h, 0-based pixels."""

ABSENT, COVERED, OUT_OF_VIEW, ZERO, IGNORED, CUT = RULES = (
    "absent",
    "covered",
    "out of view",
    "zero size",
    "ignored",
    "cut by the image",
)
"""Why a source's own word, or a part's option, leaves a box out. That is no fault: it is counted apart from those."""

LEAST_SIDE = 0.5
"""Pixels; a box that is narrower rounds to nothing."""


@dataclass(frozen=True, slots=True)
class ObjectAnnotation:
    """One object in one frame. `box` is xywh, 0-based pixels, whole ones or not."""

    track: int
    label: str
    box: Box
    occluded: int
    generated: int
    cut: int = 0


@dataclass(frozen=True, slots=True)
class FrameAnnotation:
    """One frame's annotation: its size in pixels, its usable objects, and the faults of the others.

    `width` and `height` are 0 where the annotation does not say. `faults` pairs each error with the number of boxes
    that it costs; `left_out` holds one of `RULES` for each box that is left out by a rule.
    """

    width: int
    height: int
    objects: tuple[ObjectAnnotation, ...]
    faults: tuple[tuple[InputError, int], ...] = ()
    left_out: tuple[str, ...] = ()


def outside(box: Sequence[float], width: int, height: int) -> str:
    """Why a box cannot be used: `"outside"`, `"too far outside"`; empty for a usable one.

    A box may stick out over the border. One with no pixel inside the image is an error, and so is one that reaches
    further past a border than the image is large: that is a damaged number, and its crop would need unbounded memory.
    """
    x, y, w, h = box
    if x + w <= 0 or y + h <= 0 or x >= width or y >= height:
        return "outside"
    too_far = x < -width or y < -height or x + w > 2 * width or y + h > 2 * height
    return "too far outside" if too_far else ""


def is_cut(box: Sequence[float], width: int, height: int) -> bool:
    """Whether a box sticks out over the border of its image."""
    x, y, w, h = box
    return x < 0 or y < 0 or x + w > width or y + h > height


def sized(frame: FrameAnnotation, size: tuple[int, int], place: str) -> FrameAnnotation:
    """The annotation of a frame whose size comes from the image; `place` names the row in messages."""
    faults = list(frame.faults)
    objects = []
    for item in frame.objects:
        if where := outside(item.box, *size):
            box = f"{place}: track {item.track}: the box {plain(item.box)}"
            what = f"{box} lies {where} the image of {size[0]}x{size[1]}"
            faults.append((InputError(what, do=MEND, reason="box outside image"), 1))
        else:
            objects.append(item)
    return replace(frame, width=size[0], height=size[1], objects=tuple(objects), faults=tuple(faults))


MEND = "Correct or restore this annotation"


def plain(box: Sequence[float]) -> str:
    """A box in a message."""
    return ", ".join(f"{number:g}" for number in box)


def is_finite(box: Sequence[float]) -> bool:
    """Whether all four are numbers that an image can hold."""
    return all(math.isfinite(number) and abs(number) < 1e6 for number in box)
