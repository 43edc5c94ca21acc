"""Follow one target through a video: boxes as OTB text, and an annotated MP4."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from curation.errors import InputError
from curation.files import write_bytes
from training.tracking.interface import Box, Frame, Tracker, check_box
from training.tracking.video.interrupts import Interrupts
from training.tracking.video.source import Source
from training.tracking.video.writer import annotated

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Followed:
    """What `follow` did.

    Attributes
    ----------
    boxes : (N, 4) float64
        xywh, 0-based, pixels of the first frame; the first row is the given box.
    unread : int
        Frames that could not be read; their box is the one before.
    """

    boxes: np.ndarray
    unread: int


def follow(
    source: Source,
    box: Box,
    tracker: Tracker,
    *,
    text: Path | None = None,
    video: Path | None = None,
    responses: bool = False,
) -> Followed:
    """Track a target through a source; write its boxes and an annotated video.

    Frames of another size than the first are resized to it. A frame that cannot be read, or in which the
    tracker fails, keeps the box before it, with a warning; Ctrl-C or SIGTERM ends the video after the frame in work.
    Files are whole or absent.

    Parameters
    ----------
    source : Source
    box : (4,) float
        The target in the first frame: xywh, pixels, 0-based; it may lie partly outside.
    tracker : Tracker
    text : Path, optional
        OTB text: one line per frame, `x,y,w,h`, 1-based, four decimals.
    video : Path, optional
        MP4 with the box drawn in.
    responses : bool
        Draw in the tracker's response map too, where it has one (`CheckedTracker.response`).

    Raises
    ------
    InputError
        Before anything is written: if the first frame cannot be read, or the box is no target in it.
    """
    first = next(source.frames, None)
    if first is None:
        raise InputError(
            f"{source.name}: the first frame cannot be read", do="Give another video", reason="bad video"
        )
    boxes = [check_box(box, width=first.shape[1], height=first.shape[0])]
    tracker.init(first, boxes[0].copy())
    unread = 0
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        write = stack.enter_context(annotated(video, first, source.rate)) if video else None
        bar = stack.enter_context(
            tqdm(total=source.count, desc=source.name, unit="frame", disable=not sys.stderr.isatty())
        )
        bar.update()
        if write:
            write.add(first, boxes[0], 1)
        previous = first
        try:
            for number, found in enumerate(source.frames, start=2):
                with interrupts.held():  # a box and its picture belong together
                    frame = _fitted(found, first, source.name, number)
                    unread += frame is None
                    boxes.append(boxes[-1] if frame is None else _update(tracker, frame, boxes[-1], number))
                    previous = previous if frame is None else frame
                    if write:
                        seen = responses and frame is not None
                        shown = getattr(tracker, "response", None) if seen else None
                        write.add(previous, boxes[-1], number, shown)
                    bar.update()
        except KeyboardInterrupt:
            log.warning("%s: stopped after %d frames", source.name, len(boxes))
    if source.count and len(boxes) < source.count:
        log.warning("%s: %d of %d frames were read", source.name, len(boxes), source.count)
    result = np.array(boxes)
    if text:
        write_bytes(text, otb_text(result).encode())
    return Followed(result, unread)


def otb_text(boxes: np.ndarray) -> str:
    """(N, 4) xywh boxes, 0-based, as OTB text: comma-separated, 1-based, four decimals."""
    return "".join(",".join(f"{value:.4f}" for value in row) + "\n" for row in boxes + np.array([1, 1, 0, 0]))


def _update(tracker: Tracker, frame: Frame, previous: Box, number: int) -> Box:
    try:
        box = np.asarray(tracker.update(frame), dtype=np.float64)
    except Exception as error:  # a video goes on whatever a tracker does
        log.warning("frame %d: the tracker failed (%s: %s)", number, type(error).__name__, error)
        return previous
    return box if box.shape == (4,) and np.isfinite(box).all() else previous


def _fitted(frame: Frame | None, first: Frame, name: str, number: int) -> Frame | None:
    if frame is None:
        log.warning("%s: frame %d cannot be read", name, number)
        return None
    if frame.shape == first.shape:
        return frame
    log.warning("%s: frame %d is %d x %d, resized", name, number, frame.shape[1], frame.shape[0])
    resized = cv2.resize(frame, (first.shape[1], first.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)
