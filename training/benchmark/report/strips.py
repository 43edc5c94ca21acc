"""A filmstrip made ready for the page: frames cut and shrunk, boxes as shapes above them, overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from training.benchmark.overlap.regions import outline
from training.benchmark.report.content import Filmstrip
from training.benchmark.report.downloads import Download
from training.benchmark.report.palette import Series
from training.benchmark.report.pictures import Embedded, encode, read_image
from training.benchmark.report.timelines import timeline

FRAME_WIDTH = 340
"""Pixels of a frame's picture: sharp at 170 CSS pixels on a screen of double density."""
TARGETS_ACROSS = 12.0
"""A picture is at most this many targets wide (a target's size is sqrt(w h)), so that a small one is seen."""
SMALLEST_VIEW = 0.4
"""A picture shows at least this part of the frame's width."""


@dataclass(frozen=True)
class Shape:
    """Corners of a region in the picture, for SVG's `points`; `series` is None for the ground truth."""

    points: str
    series: Series | None


@dataclass(frozen=True)
class StripFrame:
    number: int
    picture: Embedded
    shapes: Sequence[Shape]
    alt: str


@dataclass(frozen=True)
class Strip:
    """See `content.Filmstrip`; `means` are mean overlaps, best first."""

    sequence: str
    why: str
    note: str
    frames: Sequence[StripFrame]
    timeline: Markup | None
    files: Sequence[Download]
    means: Sequence[tuple[Series, float]]


def prepare_strip(strip: Filmstrip, series: Mapping[str, Series], *, key: str, title: str) -> Strip:
    """Cut, shrink and annotate the frames of a filmstrip.

    Parameters
    ----------
    strip : Filmstrip
        Trackers that have no series are left out.
    series : mapping of tracker to Series
    key : str
        Unique on the page.
    title : str
        The benchmark's.

    Raises
    ------
    InputError
        If a frame cannot be read.
    """
    known = {name: values for name, values in strip.overlaps.items() if name in series}
    means = [
        (series[name], float(np.nan_to_num(values).mean())) for name, values in known.items() if len(values)
    ]
    means.sort(key=lambda pair: (-pair[1], pair[0].index))
    drawn = [(series[name], known[name]) for name in sorted(known, key=lambda name: series[name].index)]
    told = ", ".join(f"{line.label} {mean:.2f}" for line, mean in means)
    plot, files = None, list[Download]()
    if drawn:
        label = f"Overlap in each frame of {strip.sequence}; mean: {told}"
        plot, files = timeline(
            drawn,
            [frame.number for frame in strip.frames],
            key=key,
            label=label,
            title=f"Overlap on {strip.sequence} of {title}",
            legend=[(line, f"{mean:.3f}") for line, mean in means],
        )
    return Strip(
        sequence=strip.sequence,
        why=strip.why,
        note=strip.note,
        frames=_frames(strip, series),
        timeline=plot,
        files=files,
        means=means,
    )


def _frames(strip: Filmstrip, series: Mapping[str, Series]) -> list[StripFrame]:
    images = [
        read_image(frame.image) if isinstance(frame.image, Path) else frame.image for frame in strip.frames
    ]
    truths = [outline(frame.truth) for frame in strip.frames]
    sizes = [np.sqrt(np.prod(np.ptp(points, axis=0))) for points in truths if points is not None]
    target = float(max(sizes, default=np.inf))
    frames = []
    centre: NDArray[np.float64] | None = None
    for frame, image, truth in zip(strip.frames, images, truths, strict=True):
        if truth is not None:
            centre = truth.mean(axis=0)
        picture, offset, scale = _cut(np.asarray(image, np.uint8), centre, target)
        shapes = [Shape(_points(truth, offset, scale), None)] if truth is not None else []
        for name in sorted((name for name in frame.boxes if name in series), key=lambda n: -series[n].index):
            points = outline(frame.boxes[name])
            if points is not None:
                shapes.append(Shape(_points(points, offset, scale), series[name]))
        frames.append(StripFrame(frame.number, encode(picture), shapes, _alt(strip, frame.number, series)))
    return frames


def _alt(strip: Filmstrip, number: int, series: Mapping[str, Series]) -> str:
    found = [
        f"{series[name].label} {values[number - 1]:.2f}"
        for name, values in sorted(strip.overlaps.items(), key=lambda item: item[0])
        if name in series and len(values) >= number and np.isfinite(values[number - 1])
    ]
    return f"{strip.sequence}, frame {number}. " + (
        f"Overlap: {', '.join(found)}." if found else "No target."
    )


def _points(points: NDArray[np.float64], offset: NDArray[np.float64], scale: float) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in (points - offset) * scale)


def _cut(
    image: NDArray[np.uint8], centre: NDArray[np.float64] | None, target: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64], float]:
    """The part of a frame to show, `FRAME_WIDTH` wide; where its corner lies in the frame; the scale."""
    height, width = image.shape[:2]
    part = min(1.0, max(SMALLEST_VIEW, TARGETS_ACROSS * target / width))
    view = np.array([round(width * part), round(height * part)])
    middle = np.array([width, height]) / 2 if centre is None else centre
    corner = np.clip(np.round(middle - view / 2), 0, np.array([width, height]) - view).astype(int)
    cut = image[corner[1] : corner[1] + view[1], corner[0] : corner[0] + view[0]]
    scale = FRAME_WIDTH / view[0]
    size = (FRAME_WIDTH, max(1, round(view[1] * scale)))
    shrunk = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(shrunk, np.uint8), corner.astype(float), scale
