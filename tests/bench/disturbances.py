"""What makes a real sequence harder: an edge of the view, something that slides across the target, a double of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import cv2
import numpy as np

from training.benchmark.sequences.sequence import Sequence
from training.tracking.interface import Box, Frame
from training.tracking.run.sequence_run import read_frame

GONE = 0.55
"""Share of the target that lies beyond an edge at the end of its slide; at its start, none."""

AT_EDGE = 0.6
"""Share of an edge's slide up to which a frame counts: beyond it there is too little of the target to ask for."""

COVER = np.array([1.4, 1.5])
"""Width and height of what slides across the target, in the target's."""

SLIDE = 0.6
"""Share of a pass in which the cover is near the target; it comes from `FAR` and leaves to `FAR`."""

FAR = 2.2
"""Distance of a cover at the ends of a pass, in widths of the target."""

NEAREST, FARTHEST = 1.1, 3.2
"""Distance of the double from the target, in widths of it."""

VISITS = 3
"""How often the double comes near."""

GONE_FROM, GONE_FOR = 0.3, 0.35
"""When the target goes away, and for how long: shares of the frames."""

PASSING = 4
"""Frames in which a cover comes from below, and in which it leaves."""

ELSEWHERE = 3.0
"""How far from its place a target that was away returns, in mean sides of it, if the view has room."""


@dataclass(frozen=True)
class Plain:
    """A sequence as it is; the others change its frames, and may turn its picture around.

    Parameters
    ----------
    sequence : Sequence
    side : int
        Which edge slides, or from which side things come; any number, whose remainder counts.
    """

    sequence: Sequence
    side: int = 0

    @property
    def counted(self) -> np.ndarray:
        """(N,) bool: frames in which enough of the target is seen to ask for it."""
        return np.ones(len(self.sequence.frames), dtype=bool)

    def frame(self, index: int) -> Frame:
        """The frame of that number as the tracker sees it."""
        return read_frame(self.sequence.frames[index])

    def turned(self, box: Box) -> Box:
        """A box xywh of the sequence in the tracker's picture, or one of that picture in the sequence's."""
        return np.array(box, dtype=np.float64)

    @cached_property
    def first(self) -> Frame:
        """The first frame as it is."""
        return read_frame(self.sequence.frames[0])


class Edge(Plain):
    """An edge of the view slides over half of the target and away again, twice: the top, the left or the right one.

    The picture is mirrored so that this edge is the lower or the right one: boxes keep their coordinates then. What
    lies beyond the edge is cut off. The true box is the part of it that is left in the picture (`variants.track`).
    """

    @property
    def counted(self) -> np.ndarray:
        return np.array([self._slide(index) < AT_EDGE for index in range(len(self.sequence.frames))])

    def frame(self, index: int) -> Frame:
        frame = super().frame(index)
        frame = (frame[::-1], frame[:, ::-1], frame)[self.side % 3]
        slide = self._slide(index)
        if slide > 0:
            x, y, w, h = self.turned(self.sequence.ground_truth[index])
            right, bottom = (max(1, int(at + (1 - GONE * slide) * size)) for at, size in ((x, w), (y, h)))
            frame = frame[:, :right] if self.side % 3 else frame[:bottom]
        return np.ascontiguousarray(frame)

    def turned(self, box: Box) -> Box:
        x, y, w, h = box
        height, width = self.first.shape[:2]
        return np.array([(x, height - y - h, w, h), (width - x - w, y, w, h), (x, y, w, h)][self.side % 3])

    def _slide(self, index: int) -> float:
        return float(np.sin(2 * np.pi * index / max(1, len(self.sequence.frames) - 1)) ** 2) if index else 0.0


class Covered(Plain):
    """A piece of the scene slides across the target, twice, and hides all of it for a while."""

    @property
    def counted(self) -> np.ndarray:
        return np.array([self.hidden(index) < 0.5 for index in range(len(self.sequence.frames))])

    def frame(self, index: int) -> Frame:
        frame = super().frame(index)
        x, y, w, h = self.sequence.ground_truth[index]
        distance = self._distance(index)
        if index and abs(distance) < FAR:
            place = np.array([x + w / 2 + distance * w, y + h / 2])
            paste(frame, self._piece((round(COVER[0] * w), round(COVER[1] * h))), place)
        return frame

    def hidden(self, index: int) -> float:
        """Share of the target's width behind the cover."""
        if index == 0:
            return 0.0
        return float(np.clip((1 + COVER[0]) / 2 - abs(self._distance(index)), 0, 1))

    def _distance(self, index: int) -> float:
        """Of the cover's middle from the target's, in widths of the target."""
        turns = 2 * index / len(self.sequence.frames)
        return (turns % 1 - 0.55) / (SLIDE / 2) * FAR * (1 if self.side % 2 else -1)

    def _piece(self, size: tuple[int, int]) -> Frame:
        """A piece of (width, height) `size`, from beside the target in the first frame."""
        x, y, w, h = self.sequence.ground_truth[0]
        height, width = self.first.shape[:2]
        wide, high = (
            min(max(4, round(COVER[0] * w)), width // 3),
            min(max(4, round(COVER[1] * h)), height // 2),
        )
        left = x + 2.2 * w if x + 2.2 * w + wide < width else x - 1.2 * w - wide
        left, top = int(np.clip(left, 0, width - wide)), int(np.clip(y, 0, height - high))
        if x - wide < left < x + w:  # the target is too wide for that: the broadest strip beside it
            gaps = {"left": x, "right": width - x - w, "above": y, "below": height - y - h}
            side = max(gaps, key=lambda name: gaps[name])
            gap = max(1, int(gaps[side]))
            if side in ("left", "right"):
                wide = min(wide, gap)
                left = 0 if side == "left" else width - wide
            else:
                high = min(high, gap)
                top = 0 if side == "above" else height - high
        piece = self.first[top : top + high, left : left + wide]
        return np.asarray(cv2.resize(piece, (max(1, size[0]), max(1, size[1]))), np.uint8)


@dataclass(frozen=True)
class Away(Covered):
    """A piece of the scene hides all of the target for a third of the frames, while the view slides sideways.

    So the target returns elsewhere: with what it moved by itself, often outside of a search region around its last
    place. Made by `of`; `sequence` has the boxes in the view.

    Parameters
    ----------
    slides : tuple of N int
        By how many pixels to the right the view shows things in each frame.
    """

    slides: tuple[int, ...] = ()

    @classmethod
    def of(cls, sequence: Sequence, side: int = 0) -> Self:
        """The view of a sequence: it slides to where the target has more room in all later frames."""
        start, stop = _absence(len(sequence.frames))
        later = sequence.ground_truth[stop:]
        later = later[~np.isnan(later).any(axis=1)]
        width = read_frame(sequence.frames[0]).shape[1]
        x, _, w, _ = sequence.ground_truth[stop]
        right = x + w / 2 < width / 2
        room = width - (later[:, 0] + later[:, 2]).max() if right else later[:, 0].min()
        far = min(ELSEWHERE * float(np.sqrt(sequence.ground_truth[0][2:].prod())), max(0.0, float(room)))
        far = (1 if right else -1) * far
        done = np.clip((np.arange(len(sequence.frames)) - start) / (stop - start - PASSING), 0, 1)
        slides = np.rint(far * done)
        annotation = sequence.annotation.copy()
        annotation[:, 0] += slides
        return cls(replace(sequence, annotation=annotation), side, tuple(int(slide) for slide in slides))

    def hidden(self, index: int) -> float:
        start, stop = _absence(len(self.sequence.frames))
        return float(start <= index < stop)

    def frame(self, index: int) -> Frame:
        frame, slide = read_frame(self.sequence.frames[index]), self.slides[index]
        if self.hidden(index):
            x, y, w, h = self.sequence.ground_truth[index]
            start, stop = _absence(len(self.sequence.frames))
            there = min(1.0, (index - start + 1) / PASSING, (stop - index) / PASSING)
            place = np.array([x - slide + w / 2, y + h / 2 + (1 - there) * 1.3 * h])
            paste(frame, self._piece((round(COVER[0] * w), max(2, round(COVER[1] * h)))), place)
        if slide:
            right, left = max(slide, 0), max(-slide, 0)
            wide = cv2.copyMakeBorder(frame, 0, 0, right, left, cv2.BORDER_REPLICATE)
            frame = np.ascontiguousarray(wide[:, left : left + frame.shape[1]])
        return frame


def _absence(frames: int) -> tuple[int, int]:
    """The first frame without the target, and the first one with it again."""
    start = int(GONE_FROM * frames)
    return start, min(frames - 1, start + max(3 * PASSING, int(GONE_FOR * frames)))


class Doubled(Plain):
    """A mirrored copy of the target comes near, three times, and leaves again."""

    def frame(self, index: int) -> Frame:
        frame = super().frame(index)
        x, y, w, h = self.sequence.ground_truth[index]
        left, top = max(0, int(x)), max(0, int(y))
        copy = frame[top : max(0, int(y + h)), left : max(0, int(x + w))][:, ::-1].copy()
        if index == 0 or copy.size == 0:
            return frame
        near = np.sin(VISITS * np.pi * index / max(1, len(self.sequence.frames) - 1)) ** 2
        distance = (FARTHEST - (FARTHEST - NEAREST) * near) * (1 if self.side % 2 else -1)
        rows, columns = np.mgrid[: copy.shape[0], : copy.shape[1]]
        down, across = ((rows + 0.5) / copy.shape[0] * 2 - 1), ((columns + 0.5) / copy.shape[1] * 2 - 1)
        paste(frame, copy, np.array([x + w / 2 + distance * w, y + h / 2]), down**2 + across**2 < 1)
        return frame


def paste(frame: Frame, piece: Frame, middle: np.ndarray, mask: np.ndarray | None = None) -> None:
    """Draw a piece into a frame around (x, y), where the mask holds; what lies outside is cut off."""
    height, width = piece.shape[:2]
    left, top = (int(value) for value in np.rint(middle - [width / 2, height / 2]))
    start = np.array([max(0, left), max(0, top)])
    stop = np.array([min(frame.shape[1], left + width), min(frame.shape[0], top + height)])
    if (stop <= start).any():
        return
    source = slice(start[1] - top, stop[1] - top), slice(start[0] - left, stop[0] - left)
    target = frame[start[1] : stop[1], start[0] : stop[0]]
    chosen = np.ones(piece.shape[:2], dtype=bool) if mask is None else mask
    target[chosen[source]] = piece[source][chosen[source]]
