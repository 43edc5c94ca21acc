"""Regions of several trackers and of the truth drawn into frames, as a picture for a video or a strip for a paper.

Colours, dashes and names are those of the page. A legend stands below, and in it, or below each frame of a strip, what
is to be said of a tracker that has no region there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from numpy.typing import NDArray

from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import outline
from training.benchmark.report.palette import Series
from training.benchmark.report.photo_colours import Colour, photo_colours

Image = NDArray[np.uint8]

BACKGROUND: Colour = (30, 24, 20)
WHITE: Colour = (255, 255, 255)
WIDE = 640
"""Pixels of a video's width; smaller frames are enlarged to about that."""
PANEL = 420
"""Pixels of the width of a frame in a strip."""
GAP = 4
"""Pixels between two of them."""
ACROSS = 6
"""Frames in a row of a strip."""
FAR = 16384
"""Drawing takes short coordinates: corners beyond this many pixels are clipped for it."""
FRACTION = 4
"""Bits of a pixel's fraction in drawing."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One tracker, or the truth, on all frames.

    Attributes
    ----------
    label : str
    colour : (int, int, int)
        Blue, green, red.
    dashes : tuple of float
        On-off lengths; none: solid.
    regions : (N, 4) or (N, 2V) float64
        xywh or corners, pixels of the frame, 0-based; NaN where there is none.
    words : sequence of N str
        What is said in each frame beside the label.
    """

    label: str
    colour: Colour
    dashes: tuple[float, ...]
    regions: Array
    words: Sequence[str]

    def corners(self, index: int) -> Array | None:
        """The region in a frame (0-based) as (V, 2) corners, or None."""
        return outline(self.regions[index]) if index < len(self.regions) else None

    def word(self, index: int) -> str:
        return self.words[index] if index < len(self.words) else "no box"


def of_tracker(series: Series, regions: Array, words: Sequence[str]) -> Drawn:
    """A tracker as the page draws it."""
    return Drawn(series.label, photo_colours()[0][series.colour], series.dashes, regions, words)


def of_truth(regions: Array, absent: Iterable[bool]) -> Drawn:
    """The truth; in frames in which the target is absent nothing is drawn."""
    gone = np.fromiter(absent, np.bool_, len(regions)) | np.isnan(regions).all(axis=1)
    shown = np.where(gone[:, None], np.nan, regions)
    words = ["absent" if one else "" for one in gone]
    return Drawn("ground truth", photo_colours()[1], (), shown, words)


def video_picture(frame: Image, index: int, number: int, drawn: Sequence[Drawn]) -> Image:
    """A frame of a video: all regions, its number, and the legend below with what is to be said.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        BGR; not changed.
    index : int
        0-based row of the frame in what is drawn.
    number : int
        Of the frame, as it is shown.
    drawn : sequence of Drawn
        The first is drawn first, and stands first in the legend.
    """
    scale = max(1, round(WIDE / frame.shape[1]))
    size = (frame.shape[1] * scale, frame.shape[0] * scale)
    picture = _with_regions(frame, size, index, drawn)
    points = _points(size[0])
    _write(picture, str(number), (points // 2, points // 4), points, WHITE)
    return np.concatenate([picture, _legend(drawn, size[0], [one.word(index) for one in drawn])])


def strip_picture(frames: Sequence[tuple[Image, int, int]], drawn: Sequence[Drawn]) -> Image:
    """Frames side by side, in rows of `ACROSS`, with the words of each below it, and one legend.

    Parameters
    ----------
    frames : sequence of (image, index, number)
        As of `video_picture`; all images of one size.
    drawn : sequence of Drawn
    """
    points = _points(PANEL)
    across = math.ceil(len(frames) / math.ceil(len(frames) / ACROSS))
    rows = [_row(frames[first : first + across], drawn, points) for first in range(0, len(frames), across)]
    width = rows[0].shape[1]
    rows[-1] = np.concatenate([rows[-1], _blank(len(rows[-1]), width - rows[-1].shape[1])], axis=1)
    return np.concatenate([*rows, _legend(drawn, width, [""] * len(drawn), points=points)])


def _row(frames: Sequence[tuple[Image, int, int]], drawn: Sequence[Drawn], points: int) -> Image:
    """Frames side by side with their words below."""
    notes = [[(one, word) for one in drawn if (word := one.word(index))] for _, index, _ in frames]
    line = points + points // 2
    panels = []
    for (image, index, number), said in zip(frames, notes, strict=True):
        size = (PANEL, max(1, round(image.shape[0] * PANEL / image.shape[1])))
        picture = _with_regions(image, size, index, drawn)
        _write(picture, str(number), (points // 2, points // 4), points, WHITE)
        under = _blank(max(map(len, notes)) * line, PANEL)
        for place, (one, word) in enumerate(said):
            words = _fitting(f"{one.label}: {word}", points, PANEL - points)
            _write(under, words, (points // 2, place * line), points, one.colour)
        panel = np.concatenate([picture, under])
        panel[:, PANEL - GAP :] = BACKGROUND
        panels.append(panel)
    return np.concatenate(panels, axis=1)


def _with_regions(image: Image, size: tuple[int, int], index: int, drawn: Sequence[Drawn]) -> Image:
    """A copy of an image, `size` (width, height) large, with all regions in it."""
    scale = size[0] / image.shape[1]
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = np.array(cv2.resize(image, size, interpolation=kind), np.uint8)
    thick = max(2, round(min(picture.shape[:2]) / 200))
    for one in (*drawn[:1], *drawn[:0:-1]):  # the truth below, the first tracker on top
        found = one.corners(index)
        if found is None:
            continue
        points = np.clip(found * scale - 0.5, -FAR, FAR)
        for colour, width, dashes in (
            (BACKGROUND, thick + 2, ()),
            (one.colour, thick, tuple(length * thick for length in one.dashes)),
        ):
            for part in _parts(np.concatenate([points, points[:1]]), dashes):
                fixed = np.rint(part * (1 << FRACTION)).astype(np.int32)
                cv2.polylines(picture, [fixed], False, colour, width, cv2.LINE_AA, FRACTION)
    return picture


def _parts(line: Array, dashes: Sequence[float]) -> list[Array]:
    """The parts of a line (K, 2) that are drawn: all of it, or its dashes, which turn at its corners."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    if not dashes or not steps.sum():
        return [line]
    places = np.concatenate([[0], np.cumsum(steps)])
    period = sum(dashes) * (2 if len(dashes) % 2 else 1)
    pattern = [*dashes, *dashes] if len(dashes) % 2 else list(dashes)
    parts = []
    for turn in range(min(math.ceil(places[-1] / period), FAR)):
        at = turn * period
        for on, off in zip(pattern[::2], pattern[1::2], strict=True):
            ends = np.clip([at, at + on], 0, places[-1])
            inner = places[(places > ends[0]) & (places < ends[1])]
            stops = np.concatenate([ends[:1], inner, ends[1:]])
            if ends[1] > ends[0]:
                parts.append(np.stack([np.interp(stops, places, axis) for axis in line.T], axis=1))
            at += on + off
    return parts


def _legend(drawn: Sequence[Drawn], width: int, words: Sequence[str], *, points: int = 0) -> Image:
    """Names with their lines and words, in as many rows as they need; the same places whatever is said."""
    points = points or _points(width)
    line, gap, high = 2 * points, points, points + points // 2
    rows: list[list[tuple[int, str, int]]] = [[]]
    at = gap // 2
    for index, one in enumerate(drawn):
        longest = max((_width(word, points) for word in {*one.words, words[index]}), default=0) + points
        label = _fitting(one.label, points, width - line - 2 * gap - longest)
        wide = line + points // 2 + _width(label, points) + longest + gap
        if rows[-1] and at + wide > width:
            rows.append([])
            at = gap // 2
        rows[-1].append((index, label, at))
        at += wide
    picture = _blank(len(rows) * high + points // 2, width)
    for number, row in enumerate(rows):
        top = number * high + points // 4
        for index, label, left in row:
            one = drawn[index]
            middle = top + points * 3 // 4
            ends = np.array([[left, middle], [left + line, middle]], dtype=np.float64)
            for part in _parts(ends, [length * points / 8 for length in one.dashes]):
                cv2.polylines(
                    picture, [np.rint(part).astype(np.int32)], False, one.colour, max(2, points // 6)
                )
            name = left + line + points // 2
            _write(picture, label, (name, top), points, WHITE)
            place = (name + _width(label, points) + points // 3, top)
            _write(picture, words[index], place, points, one.colour)
    return picture


def _blank(height: int, width: int) -> Image:
    return np.full((height, width, 3), BACKGROUND, np.uint8)


def _points(width: int) -> int:
    """Height of letters in pixels, in a picture of that width."""
    return min(max(round(width / 42), 12), 40)


def _fitting(words: str, points: int, width: int) -> str:
    """Words cut to that width, with an ellipsis where they are longer."""
    while len(words) > 2 and _width(words, points) > width:
        words = f"{words[:-2]}…"
    return words


def _width(words: str, points: int) -> int:
    return _letters(words, points).shape[1] if words.strip() else 0


@lru_cache(maxsize=1024)
def _letters(words: str, points: int) -> NDArray[np.uint8]:
    """How much of each pixel letters cover, (1.5 `points`, W) uint8, all with the same base line."""
    font = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"))
    font.set_size(points, 72)
    font.set_text(words)
    font.draw_glyphs_to_bitmap(antialiased=True)
    found = np.asarray(font.get_image())
    rows = np.zeros((points + points // 2, found.shape[1]), np.uint8)
    top = max(0, points + points // 8 - found.shape[0] + round(font.get_descent() / 64))
    part = found[: len(rows) - top]
    rows[top : top + len(part)] = part
    return rows


def _write(picture: Image, words: str, place: tuple[int, int], points: int, colour: Colour) -> None:
    """Write words with a dark edge; `place` is their left and top."""
    if not words:
        return
    edge = max(1, points // 8)
    cover = np.pad(_letters(words, points), edge)
    dark = cv2.dilate(cover, np.ones((2 * edge + 1, 2 * edge + 1), np.uint8))
    left, top = place[0] - edge, place[1] - edge
    part = picture[max(top, 0) : top + cover.shape[0], max(left, 0) : left + cover.shape[1]]
    for mask, shade in ((dark, BACKGROUND), (cover, colour)):
        share = mask[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1], None] / 255
        part[:] = np.rint(part * (1 - share) + np.array(shade) * share).astype(np.uint8)
