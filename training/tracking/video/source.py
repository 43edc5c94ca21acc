"""Frames of a video file, images, an address or a camera, of any depth and colour."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from curation.errors import InputError, printable
from curation.images.image import read_image
from curation.outside import open_outside
from training.tracking.interface import Frame
from training.tracking.video.frame_files import (
    folder_images,
    is_image,
    is_pattern,
    listed_images,
    pattern_images,
)
from training.tracking.video.levels import Levels
from training.tracking.video.newest import newest

DEFAULT_RATE = 25.0
"""Frames per second of a folder of images, and of videos that do not tell."""

MOST_FRAMES = 1e9
"""A video that claims more does not know how many it has."""

PATIENCE = 10_000
"""Milliseconds after which an address that does not answer is given up."""

AS_SEEN = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
"""Grey or BGR of the file's own depth, turned as its metadata says: where a person reads boxes off."""

GREY16 = int.from_bytes(b"Y1\x00\x10", "little")
"""FFmpeg's name of 16 bits of grey, which OpenCV would cut to the upper 8."""

PAGES = (".tif", ".tiff", ".webp", ".avif")
"""Endings of image files that may hold several images."""

FRAMES_OF = ("img", "color")
"""Folders in which OTB and VOT keep the frames of a sequence, which the folder above names."""

_ASK = "Give a video file, a folder of images, a pattern such as 'frames/%06d.jpg', an address, or a camera's index"


@dataclass(frozen=True)
class Source:
    """Frames to follow a target through.

    Attributes
    ----------
    name : str
        For messages and progress.
    frames : iterator of (H, W, 3) uint8 or None
        BGR; None where a frame could not be read.
    count : int or None
        How many frames there should be, if known.
    rate : float
        Frames per second.
    stem : str
        What files made of it are called; without a folder or an ending.
    first : int
        Number of the first frame in the whole video, 1-based.
    """

    name: str
    frames: Iterator[Frame | None]
    count: int | None
    rate: float
    stem: str = "video"
    first: int = 1


@dataclass(frozen=True)
class Part:
    """The part of a source to read, and how to read it.

    Parameters
    ----------
    start, end : str
        The first and the last frame: a number, 1-based; seconds, `12.5s`; or a time, `1:30` or `0:01:30.5`. Empty:
        all of them.
    live : bool
        Of a camera or an address: the newest frame each time, not every one.
    levels : (float, float), optional
        Values of images of more than 8 bits that become black and white; else as of `Levels`.

    Raises
    ------
    InputError
        If `start` or `end` is none of these.
    """

    start: str = ""
    end: str = ""
    live: bool = False
    levels: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        self.bounds(DEFAULT_RATE)

    def bounds(self, rate: float) -> tuple[int, int | None]:
        """The part as a slice: frames before the first one, and the end."""
        before = _frame("--start", self.start, rate) - 1 if self.start else 0
        end = _frame("--end", self.end, rate) if self.end else None
        if end is not None and end <= before:
            raise InputError(
                f"--end {self.end} comes before --start {self.start or 1}", do="Turn them around"
            )
        return before, end


WHOLE = Part()


def open_source(source: str | Path | int | Sequence[str], part: Part = WHOLE) -> Source:
    """Open a video file, a folder of images, a pattern, several images, an address, or a camera.

    Whatever exists under a name is that file or folder; a number that is none is a camera's index. Images are
    ordered by the numbers in their names. An address is any that OpenCV opens; nothing else is fetched, no address
    in a playlist either.

    Raises
    ------
    InputError
        If there is no such source, it holds no frame, or it is not clear which of its files are the frames.
    """
    levels = Levels(part.levels)
    if not isinstance(source, str | Path | int):
        if len(source) > 1:
            files = listed_images(source)
            return _images(
                files, f"{files[0]} and {len(files) - 1} more", _folder_name(files[0].parent), part, levels
            )
        [source] = source
    text = str(source)
    if isinstance(source, int) or (re.fullmatch(r"\d{1,3}", text) and not Path(text).exists()):
        return _capture(int(text), f"camera {text}", f"camera{text}", part, levels, live=True)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return _capture(text, *_names(text), part, levels, live=True)
    path = Path(source)
    if not path.exists():
        if is_pattern(text):
            files = pattern_images(text)
            return _images(files, text, _folder_name(files[0].parent), part, levels)
        raise InputError(f"{path} does not exist", do=_ASK, reason="missing video")
    if path.is_dir():
        return _images(folder_images(path), str(path), _folder_name(path), part, levels)
    if is_image(path):
        pages = _pages(path)
        if pages > 1:
            return _sliced(_read_pages(path, pages, levels), pages, str(path), path.stem, part)
        return _images([path], str(path), path.stem, part, levels)
    if re.fullmatch(r"/dev/video\d+", str(path.resolve())) and stat.S_ISCHR(path.stat().st_mode):
        return _capture(str(path), str(path), path.name, part, levels, live=True)
    with open_outside(path, limit=sys.maxsize, kind="a video", do=_ASK):  # OpenCV would wait at a pipe
        pass
    return _capture(str(path), str(path), path.stem, part, levels, live=False)


def _frame(option: str, text: str, rate: float) -> int:
    """A frame number or a time, as a frame number, 1-based."""
    if re.fullmatch(r"\d{1,9}", text) and int(text) >= 1:
        return int(text)
    if match := re.fullmatch(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,7}(?:\.\d{1,6})?)(s?)", text):
        hours, minutes, seconds, unit = match.groups()
        if bool(unit) != bool(minutes):
            return int((int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)) * rate) + 1
    raise InputError(
        f"{option} {printable(text)} is neither a frame nor a time",
        do="Give a frame, from 1 on, seconds such as 12.5s, or a time such as 1:30",
    )


def _images(files: Sequence[Path], name: str, stem: str, part: Part, levels: Levels) -> Source:
    before, end = part.bounds(DEFAULT_RATE)
    chosen = files[before:end]
    return _sliced(_read_images(chosen, levels), len(files), name, stem, part, skipped=True)


def _sliced(
    frames: Iterator[Frame | None], count: int, name: str, stem: str, part: Part, *, skipped: bool = False
) -> Source:
    """A part of `count` frames; `skipped`: frames outside it are already left out of `frames`."""
    before, end = part.bounds(DEFAULT_RATE)
    if before >= count:
        raise InputError(
            f"{printable(name)} has {count} frames, none from {before + 1} on", do="Start earlier"
        )
    left = min(count, end or count) - before
    wanted = frames if skipped else islice(frames, before, end)
    return Source(printable(name), wanted, left, DEFAULT_RATE, stem, before + 1)


def _read_images(files: Sequence[Path], levels: Levels) -> Iterator[Frame | None]:
    for number, file in enumerate(files):
        try:
            yield levels.to_bgr8(read_image(file, AS_SEEN), str(file))
        except InputError as error:
            if number == 0:
                raise InputError(
                    f"the first frame cannot be read: {error.what}",
                    do="Start later (--start), or save it as PNG",
                    reason="bad video",
                ) from error
            yield None


def _pages(path: Path) -> int:
    """How many images a file holds."""
    if path.suffix.lower() not in PAGES:
        return 1
    with open_outside(path, limit=sys.maxsize, kind="an image", do=_ASK):
        pass
    return int(cv2.imcount(str(path), AS_SEEN))


def _read_pages(path: Path, pages: int, levels: Levels) -> Iterator[Frame | None]:
    for page in range(pages):
        found, images = cv2.imreadmulti(str(path), page, 1, flags=AS_SEEN)
        yield levels.to_bgr8(np.asarray(images[0]), str(path)) if found and images else None


def _capture(place: int | str, name: str, stem: str, part: Part, levels: Levels, *, live: bool) -> Source:
    """A source that OpenCV plays; `live`: it does not wait, so frames may be left out."""
    times = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE]
    capture = (
        cv2.VideoCapture(place, cv2.CAP_FFMPEG, times)
        if isinstance(place, str) and "://" in place
        else cv2.VideoCapture(place)
    )
    name = printable(name)
    if not capture.isOpened():
        ask = "Give a file or address that OpenCV plays, or another camera"
        raise InputError(f"{name} cannot be opened as a video", do=ask, reason="bad video")
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = float(rate) if np.isfinite(rate) and 1 <= rate <= 1000 else DEFAULT_RATE
    if int(capture.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) == GREY16:
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    before, end = part.bounds(rate)
    known = int(count) if 0 < count < MOST_FRAMES else None
    if known is not None and before >= known:
        raise InputError(f"{name} has {known} frames, none from {before + 1} on", do="Start earlier")
    left = None if known is None and end is None else min(known or sys.maxsize, end or sys.maxsize) - before
    read = _reader(capture, levels, name)
    frames = newest(read, capture.release) if live and part.live else _every(read, capture, before)
    return Source(name, islice(frames, left), left, rate, stem, before + 1)


def _reader(capture: cv2.VideoCapture, levels: Levels, name: str) -> Callable[[], Frame | None]:
    def read() -> Frame | None:
        found, image = capture.read()
        return levels.to_bgr8(np.asarray(image), name) if found else None

    return read


def _every(read: Callable[[], Frame | None], capture: cv2.VideoCapture, before: int) -> Iterator[Frame]:
    try:
        for _ in range(before):
            if not capture.grab():
                return
        while (frame := read()) is not None:
            yield frame
    finally:
        capture.release()


def _folder_name(folder: Path) -> str:
    """The name of a folder of frames; for a folder called `img` or alike, its parent's name."""
    folder = folder.resolve()
    return folder.parent.name if folder.name in FRAMES_OF else folder.name


def _names(address: str) -> tuple[str, str]:
    """An address for messages, without the user and password in it, and a name for files."""
    parts = urlsplit(address)
    shown = address.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1) if "@" in parts.netloc else address
    stem = Path(parts.path).stem or parts.netloc.rpartition("@")[2]
    return shown, re.sub(r"[^\w.-]", "_", stem)
