"""One tracker over one sequence of image files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from curation.errors import InputError
from curation.images.image import AS_STORED, read_image
from training.tracking.interface import Box, Frame, Tracker

UNPACK = "Unpack the sequence again"


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


def track_sequence(
    tracker: Tracker,
    frames: Sequence[Path],
    box: Box,
    *,
    who: str = "",
    read: Callable[[Path], Frame] = read_frame,
) -> Track:
    """Run a tracker over one sequence, without resets.

    Parameters
    ----------
    tracker : Tracker
    frames : sequence of Path
        Image files in order; frames are read one by one.
    box : (4,) float64
        xywh, 0-based, of the target in the first frame.
    who : str
        Tracker and sequence, for messages.
    read : callable
        Reads an image file.

    Raises
    ------
    InputError
        If a frame cannot be read, or the tracker raises anything; it names `who`, the frame, its file.
    """
    boxes = np.empty((len(frames), 4))
    seconds = np.empty(len(frames))
    for index, path in enumerate(frames):
        frame = read(path)
        start = time.perf_counter()
        try:
            if index == 0:
                tracker.init(frame, box.copy())
                boxes[0] = box
            else:
                boxes[index] = tracker.update(frame)
        except Exception as error:
            raise failure(who or type(tracker).__name__, index, frames, error) from error
        seconds[index] = time.perf_counter() - start
    return Track(boxes, seconds)


def failure(who: str, index: int, frames: Sequence[Path], error: Exception) -> InputError:
    """The one line for a tracker that raised `error` in frame `index` (0-based)."""
    reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return InputError(
        f"{who} failed in frame {index + 1} of {len(frames)} ({frames[index]}): {reason}",
        do="Finished sequences are kept; mend the tracker or the sequence and run again",
        reason="tracker failed",
    )


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Compute on one thread: the number of threads changes sums in the last digits, and with them boxes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
