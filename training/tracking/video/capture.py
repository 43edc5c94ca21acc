"""Frames of what OpenCV plays, with their times: a video file, an address, a camera."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import av
import cv2
import numpy as np

from curation.errors import InputError
from training.tracking.interface import Frame
from training.tracking.video.levels import Levels
from training.tracking.video.newest import newest
from training.tracking.video.part import CLOSE, DEFAULT_RATE, Part

log = logging.getLogger(__name__)

MOST_FRAMES = 1e9
"""A video that claims more does not know how many it has."""

PATIENCE = 10_000
"""Milliseconds after which an address that does not answer is given up."""

GREY16 = int.from_bytes(b"Y1\x00\x10", "little")
"""FFmpeg's name of 16 bits of grey, which OpenCV would cut to the upper 8."""

SHORT = 0.05
"""Share of a video, and half a second, that may lack at its end: containers round, and sound may go on."""


@dataclass(frozen=True)
class Played:
    """What `play` opened.

    Attributes
    ----------
    frames : iterator of (H, W, 3) uint8
    count : int or None
        How many there are; None if nobody knows.
    exact : bool
        Whether the file stores that count; else it is a guess from its length.
    rate : float
        Frames per second.
    first : int
        Number of the first frame, 1-based.
    """

    frames: Iterator[Frame]
    count: int | None
    exact: bool
    rate: float
    first: int


def play(place: int | str, name: str, part: Part, levels: Levels, *, live: bool) -> Played:
    """Open a file, address or camera, and read up to the first frame of the part.

    Times are those that the container stores: frames may follow each other at any pace. The guess of how many there
    are never ends the reading.

    Parameters
    ----------
    place, name
        For OpenCV, and for messages.
    live : bool
        It does not wait, so frames may be left out.

    Raises
    ------
    InputError
        If it cannot be opened, or has no frame in the part.
    """
    capture = _opened(place, name)
    guess = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = float(rate) if np.isfinite(rate) and 1 <= rate <= 1000 else DEFAULT_RATE
    if int(capture.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) == GREY16:
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    stored = 0 if live else _stored_count(str(place))
    known = stored or (int(guess) if 0 < guess < MOST_FRAMES else None)
    clip = _Clip(capture, name, rate)
    try:
        ahead = clip.skip_to(part.first)
        part.check(bool(ahead) and _is_after(ahead[0], part.last))
    except BaseException:
        capture.release()
        raise
    first = ahead[0].number if ahead else 1
    frames = _frames(clip, ahead, part.last, levels, known=known, exact=stored > 0)
    count = _expected(known, first, part.last, rate)
    if live and part.live:
        every = frames
        frames = newest(lambda: next(every, None), capture.release)
    return Played(frames, count, stored > 0 and not isinstance(part.last, float), rate, first)


@dataclass(frozen=True)
class _Image:
    """An image as it was read, its number, 1-based, and its time in seconds."""

    pixels: np.ndarray
    number: int
    time: float


class _Clip:
    """A capture that counts its frames and knows the time of each."""

    def __init__(self, capture: cv2.VideoCapture, name: str, rate: float) -> None:
        self.capture, self.name, self.rate = capture, name, rate
        self.number = 0
        self.time, self.step = 0.0, 1 / rate
        self._zero = 0.0

    def read(self) -> _Image | None:
        """The next image; None at the end."""
        found, pixels = self.capture.read()
        if not found:
            return None
        self._count()
        return _Image(np.asarray(pixels), self.number, self.time)

    def skip_to(self, first: int | float) -> list[_Image]:
        """Read up to a frame: those that had to be read for it, itself in front; none for the very first.

        Raises
        ------
        InputError
            If there is none.
        """
        if isinstance(first, float):
            return self._skip_to_time(first)
        while self.number < first - 1 and self.capture.grab():
            self._count()
        found = self.read() if first > 1 else None
        if first > 1 and not found:
            raise InputError(
                f"{self.name} has {self.number} frames, none from {first} on", do="Start earlier"
            )
        return [found] if found else []

    def _skip_to_time(self, first: float) -> list[_Image]:
        shown = None
        while found := self.read():
            if found.time > first + CLOSE:
                return [shown, found] if shown else [found]
            shown = found
        if shown and first > shown.time + self.step + CLOSE:
            raise InputError(
                f"{self.name} ends after {shown.time + self.step:.2f} s, before --start", do="Start earlier"
            )
        return [shown] if shown else []

    def _count(self) -> None:
        """Count a frame: at the time that the container gives, or where it gives none, one step later."""
        stamp = self.capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        self.number += 1
        if self.number == 1:
            self._zero = stamp if np.isfinite(stamp) else 0.0
            return
        step = stamp - self._zero - self.time
        self.step = step if np.isfinite(step) and step > 0 else 1 / self.rate
        self.time += self.step


def _opened(place: int | str, name: str) -> cv2.VideoCapture:
    times = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE]
    capture = (
        cv2.VideoCapture(place, cv2.CAP_FFMPEG, times)
        if isinstance(place, str) and "://" in place
        else cv2.VideoCapture(place)
    )
    if not capture.isOpened():
        ask = "Give a file or address that OpenCV plays, or another camera"
        raise InputError(f"{name} cannot be opened as a video", do=ask, reason="bad video")
    return capture


def _stored_count(path: str) -> int:
    """How many frames a file says it has; 0 where only its length is known, from which OpenCV guesses."""
    try:
        with av.open(path, options={"protocol_whitelist": "file"}) as container:
            return int(container.streams.video[0].frames)
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return 0


def _frames(
    clip: _Clip,
    ahead: list[_Image],
    last: int | float | None,
    levels: Levels,
    *,
    known: int | None,
    exact: bool,
) -> Iterator[Frame]:
    """The frames up to the last one wanted, those read ahead first; the capture is released then."""
    try:
        while image := ahead.pop(0) if ahead else clip.read():
            if _is_after(image, last):
                return
            yield levels.to_bgr8(image.pixels, clip.name)
        if known and not exact and last is None:
            _check_length(clip, known)
    finally:
        clip.capture.release()


def _is_after(image: _Image, last: int | float | None) -> bool:
    if last is None:
        return False
    return image.time > last + CLOSE if isinstance(last, float) else image.number > last


def _check_length(clip: _Clip, guess: int) -> None:
    """Report a video that ends long before the length from which its number of frames was guessed."""
    said, found = guess / clip.rate, clip.time + max(clip.step, 1 / clip.rate)
    if clip.number and found < said - SHORT * said - 0.5:
        log.warning("%s: its frames end after %.1f s, but it says %.1f s", clip.name, found, said)


def _expected(known: int | None, first: int, last: int | float | None, rate: float) -> int | None:
    """How many frames the part has, as far as that can be told before it is read."""
    ends = [known] if known is not None else []
    if last is not None:
        ends.append(last if isinstance(last, int) else int((last + CLOSE) * rate) + 1)
    return min(ends) - first + 1 if ends and min(ends) >= first else None
