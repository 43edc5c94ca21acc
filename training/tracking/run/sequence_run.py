"""Run one tracker over one sequence of image files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curation.errors import InputError
from curation.images.image import AS_STORED, read_image
from training.tracking.interface import Box, Frame, Tracker

UNPACK = "Unpack the sequence again"
FAILED = "tracker failed"
"""Reason of the error of a tracker that failed."""


@dataclass(frozen=True)
class Track:
    """One tracked sequence.

    Parameters
    ----------
    boxes : (N, 4) float64
        xywh, pixels, 0-based; the first row is the given box.
    seconds : (N,) float64
        Time of `init` (first) and of every `update`, without reading the frame.
    """

    boxes: np.ndarray
    seconds: np.ndarray


def read_frame(path: Path) -> Frame:
    """Read an image file as (H, W, 3) uint8 BGR.

    Pixels are as stored: an EXIF orientation is ignored, because the boxes of benchmarks refer to stored pixels
    (their authors' MATLAB code ignores it too; OTB's frames have none).

    Raises
    ------
    InputError
        If the file is missing, no image, or not whole: `curation.images.image.read_image`.
    """
    return read_image(path, AS_STORED, do=UNPACK)


@dataclass(frozen=True)
class Runner:
    """A tracker and its image files: all calls of trackers are here.

    Parameters
    ----------
    tracker : Tracker
    frames : sequence of Path
        Image files in order; they are read one by one.
    who : str
        Tracker and sequence, for messages.
    read : callable
        Reads an image file: (H, W, 3) uint8 BGR.
    """

    tracker: Tracker
    frames: Sequence[Path]
    who: str = ""
    read: Callable[[Path], Frame] = read_frame

    def step(self, index: int, start: Box | None = None) -> tuple[Box, float]:
        """Start the tracker in frame `index` (0-based) on a box, or ask it for the target's box there.

        Returns
        -------
        box : (4,) float64
            xywh, pixels, 0-based: the given one, or the tracker's answer.
        seconds : float
            Time of `init` or `update`, without reading the frame.

        Raises
        ------
        InputError
            If the frame cannot be read; if the tracker raises anything, or answers something else than four finite
            numbers: `who`, the frame and its file are named.
        """
        frame = self.read(self.frames[index])
        begin = time.perf_counter()
        try:
            if start is not None:
                self.tracker.init(frame, start.copy())
                return start, time.perf_counter() - begin
            answer = self.tracker.update(frame)
            seconds = time.perf_counter() - begin
            return _four_numbers(answer), seconds
        except Exception as error:
            raise failure(self.who or type(self.tracker).__name__, index, self.frames, error) from error


def _four_numbers(answer: object) -> Box:
    try:
        box = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        box = np.empty(0)
    if box.shape != (4,) or not np.isfinite(box).all():
        raise InputError(f"it answered {str(answer)[:60]!r}", do="Return x, y, w, h")
    return box


def track_sequence(
    tracker: Tracker,
    frames: Sequence[Path],
    box: Box,
    *,
    who: str = "",
    read: Callable[[Path], Frame] = read_frame,
) -> Track:
    """Run a tracker over one sequence from a box (4,) in the first frame, xywh, 0-based, without resets.

    The other parameters and the errors are those of `Runner`.
    """
    runner = Runner(tracker, frames, who, read)
    steps = [runner.step(index, box if index == 0 else None) for index in range(len(frames))]
    boxes, seconds = zip(*steps, strict=True)
    return Track(np.array(boxes), np.array(seconds))


def failure(who: str, index: int, frames: Sequence[Path], error: Exception) -> InputError:
    """The error for a tracker that raised `error` in frame `index` (0-based)."""
    reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return InputError(
        f"{who} failed in frame {index + 1} of {len(frames)} ({frames[index]}): {reason}",
        do="Finished sequences are kept; fix the tracker or the sequence and run again",
        reason=FAILED,
    )
