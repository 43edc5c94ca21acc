"""Follow one target through a video: boxes as OTB text, and an annotated MP4."""

from __future__ import annotations

import logging
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from curation.errors import InputError
from training.benchmark.results.formats.text import text_bytes
from training.benchmark.sequences.sequence import to_base
from training.tracking.interface import Box, Frame, Sight, Tracker
from training.tracking.video.drawing import draw
from training.tracking.video.interrupts import Interrupts
from training.tracking.video.output_places import check_place, write_or_rescue
from training.tracking.video.progress import progress
from training.tracking.video.source import Source
from training.tracking.video.target import check_target
from training.tracking.video.window import window
from training.tracking.video.writer import Film

log = logging.getLogger(__name__)

MOST_SAID = 5
"""Frames of which it is said one by one that they cannot be read or were resized; then they are counted."""


@dataclass(frozen=True)
class Followed:
    """The result of `follow`.

    Attributes
    ----------
    boxes : (N, 4) float64
        xywh, 0-based, pixels of the first frame; the first row is the given box.
    unread : int
        Frames that could not be read; their box is the one before.
    sights : tuple of N {"clear", "doubtful", "hidden"} or None
        How well the target was seen, as the tracker says; None in the first frame, where the tracker does not know,
        and in frames that could not be read.
    seconds : float
        From the first frame to the last.
    """

    boxes: np.ndarray
    unread: int
    sights: tuple[Sight | None, ...] = ()
    seconds: float = 0.0


def follow(
    source: Source,
    box: Box | Callable[[Frame], Box],
    tracker: Tracker,
    *,
    text: Path | None = None,
    video: Path | None = None,
    responses: bool = False,
    show: bool = False,
) -> Followed:
    """Track a target through a source; write its boxes and an annotated video.

    Frames of another size than the first are resized to it. A frame that cannot be read, or in which the
    tracker fails, keeps the box before it, with a warning; Ctrl-C, SIGTERM or SIGHUP ends the video after the frame
    in work. Whatever ends it, the frames tracked so far are written. Files are whole or absent; one is kept if the
    other cannot be written.

    Parameters
    ----------
    source : Source
    box : (4,) float, or callable
        The target in the first frame: xywh, pixels, 0-based; it may lie partly outside. A callable is given that
        frame.
    tracker : Tracker
    text : Path, optional
        OTB text: one line per frame, `x,y,w,h`, 1-based, four decimals.
    video : Path, optional
        MP4 with the box drawn in.
    responses : bool
        Draw in the tracker's response map too, where it has one (`CheckedTracker.response`).
    show : bool
        Show it in a window as well; q or Escape ends the video.

    Raises
    ------
    InputError
        Before anything is written: if the first frame cannot be read, the box is no target in it, or a file cannot
        be written there. At the end: if a file could not be written.
    """
    first = next(source.frames, None)
    if first is None:
        raise InputError(
            f"{source.name}: the first frame cannot be read", do="Give another video", reason="bad video"
        )
    given = box(first) if callable(box) else box
    last = check_target(given, width=first.shape[1], height=first.shape[0])
    text, video = (check_place(place) if place else None for place in (text, video))
    boxes = array("d", last)  # flat: a day of video has millions
    sights: list[Sight | None] = [None]
    started = time.monotonic()
    tracker.init(first, last.copy())
    odd = _OddFrames(source.name, first)
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        film: Film | None = None
        screen = stack.enter_context(window(source.name)) if show else None
        bar = stack.enter_context(progress(source.name, source.count, exact=source.exact))

        def finish(frame: Frame, response: np.ndarray | None = None) -> None:
            """Write a frame with its box, if pictures are wanted."""
            if film or screen:
                number = source.first + len(sights) - 1
                picture = draw(frame, last, number, sight=sights[-1], response=response)
                if film:
                    film.add(picture)
                    if film.failed and not text:
                        raise film.failed
                if screen:
                    screen.show(picture)
            bar.step()

        previous = first
        try:
            film = Film(video, first, source.rate) if video else None
            finish(first)
            for number, found in enumerate(source.frames, start=source.first + 1):
                with interrupts.held():  # a box and its picture belong together
                    frame = odd.fitted(found, number)
                    last = last if frame is None else _update(tracker, frame, last, number)
                    boxes.extend(last)
                    sights.append(None if frame is None else getattr(tracker, "sight", None))
                    previous = previous if frame is None else frame
                    seen = responses and frame is not None
                    finish(previous, getattr(tracker, "response", None) if seen else None)
        except KeyboardInterrupt:
            log.warning("%s: stopped after %d frames", source.name, len(sights))
        finally:
            interrupts.finish()
            result = np.array(boxes).reshape(-1, 4)
            _keep(result, text, film)
    odd.summarise()
    if source.exact and source.count and len(sights) < source.count:
        log.warning("%s: %d of %d frames were read", source.name, len(sights), source.count)
    return Followed(result, odd.unread, tuple(sights), time.monotonic() - started)


def _keep(boxes: np.ndarray, text: Path | None, film: Film | None) -> None:
    """Write what has been tracked: the video even if the boxes cannot be written, and the other way round."""
    try:
        if text:
            write_or_rescue(text, text_bytes(to_base(boxes, 0, 1)))
    finally:
        if film:
            film.close()
    if film and film.failed:
        raise InputError(
            f"{film.failed.what}" + (f"; the boxes of {len(boxes)} frames are in {text}" if text else ""),
            do="Free space or fix the permissions, then run again with --force",
            reason="cannot write",
        )


def _update(tracker: Tracker, frame: Frame, previous: Box, number: int) -> Box:
    try:
        box = np.asarray(tracker.update(frame), dtype=np.float64)
    except Exception as error:  # a video goes on whatever a tracker does
        log.warning("frame %d: the tracker failed (%s: %s)", number, type(error).__name__, error)
        return previous
    return box if box.shape == (4,) and np.isfinite(box).all() else previous


class _OddFrames:
    """Frames that cannot be read or change size: resize, report and count them."""

    def __init__(self, name: str, first: Frame) -> None:
        self._name, self._first = name, first
        self.unread = self._resized = 0

    def fitted(self, frame: Frame | None, number: int) -> Frame | None:
        """The frame in the size of the first; None for one that could not be read."""
        if frame is None:
            self.unread += 1
            if self.unread <= MOST_SAID:
                log.warning("%s: frame %d cannot be read", self._name, number)
            return None
        if frame.shape == self._first.shape:
            return frame
        self._resized += 1
        if self._resized <= MOST_SAID:
            height, width = frame.shape[:2]
            log.warning("%s: frame %d is %d x %d, resized", self._name, number, width, height)
        size = (self._first.shape[1], self._first.shape[0])
        return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)

    def summarise(self) -> None:
        """Report how many there were, if not each was reported."""
        for count, what in ((self.unread, "cannot be read"), (self._resized, "were resized")):
            if count > MOST_SAID:
                log.warning("%s: %d frames %s", self._name, count, what)
