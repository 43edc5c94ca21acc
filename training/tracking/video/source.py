"""Frames of a video file, images, an address or a camera, of any depth and colour."""

from __future__ import annotations

import logging
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from curation.errors import InputError, printable
from curation.images.image import read_image
from curation.outside import open_outside
from training.tracking.interface import Frame
from training.tracking.video.capture import play
from training.tracking.video.frame_files import (
    folder_images,
    is_image,
    is_pattern,
    listed_images,
    pattern_images,
)
from training.tracking.video.levels import Levels
from training.tracking.video.pages import AS_SEEN, count_pages, read_pages
from training.tracking.video.part import DEFAULT_RATE, WHOLE, Part

log = logging.getLogger(__name__)

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
    exact : bool
        Whether `count` is certain; some containers tell only how long they are.
    files : sequence of Path
        The files that are read.
    """

    name: str
    frames: Iterator[Frame | None]
    count: int | None
    rate: float
    stem: str = "video"
    first: int = 1
    exact: bool = True
    files: Sequence[Path] = ()


def open_source(source: str | Path | int | Sequence[str], part: Part = WHOLE) -> Source:
    """Open a video file, a folder of images, a pattern, several images, an address, or a camera.

    Whatever exists under a name is that file or folder; a number that is none is a camera's index. Images of one
    folder are ordered by the numbers in their names. An address is any that OpenCV opens; nothing else is fetched,
    no address in a playlist either.

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
    if source == "":
        raise InputError("the name of the video is empty", do=_ASK, reason="missing video")
    if isinstance(source, int) or (re.fullmatch(r"\d{1,3}", text) and not Path(text).exists()):
        return _played(int(text), f"camera {text}", f"camera{text}", part, levels, live=True)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return _played(text, *_names(text), part, levels, live=True)
    path = Path(source)
    if not path.exists():
        if is_pattern(text):
            files = pattern_images(text)
            return _images(files, text, _folder_name(files[0].parent), part, levels)
        raise InputError(f"{path} does not exist", do=_ASK, reason="missing video")
    if path.is_dir():
        return _images(folder_images(path), str(path), _folder_name(path), part, levels)
    if is_image(path):
        return _images([path], str(path), path.stem, part, levels)
    if re.fullmatch(r"/dev/video\d+", str(path.resolve())) and stat.S_ISCHR(path.stat().st_mode):
        return _played(str(path), str(path), path.name, part, levels, live=True)
    with open_outside(path, limit=sys.maxsize, kind="a video", do=_ASK):  # OpenCV would wait at a pipe
        pass
    return _played(str(path), str(path), path.stem, part, levels, live=False)


def _images(files: Sequence[Path], name: str, stem: str, part: Part, levels: Levels) -> Source:
    """One image a file; of a single file, all that it holds."""
    if len(files) == 1 and (pages := count_pages(files[0], do=_ASK)) > 1:
        return _sliced(read_pages(files[0], pages, levels), files, pages, name, stem, part)
    before, end = part.bounds(DEFAULT_RATE)
    frames = _read_images(files[before:end], levels)
    return _sliced(frames, files, len(files), name, stem, part, skipped=True)


def _sliced(
    frames: Iterator[Frame | None],
    files: Sequence[Path],
    count: int,
    name: str,
    stem: str,
    part: Part,
    *,
    skipped: bool = False,
) -> Source:
    """A part of `count` frames; `skipped`: frames outside it are already left out of `frames`."""
    before, end = part.bounds(DEFAULT_RATE)
    if before >= count:
        raise InputError(
            f"{printable(name)} has {count} frames, none from {before + 1} on", do="Start earlier"
        )
    left = min(count, end or count) - before
    wanted = frames if skipped else islice(frames, before, before + left)
    return Source(printable(name), wanted, left, DEFAULT_RATE, stem, before + 1, files=files)


def _read_images(files: Sequence[Path], levels: Levels) -> Iterator[Frame | None]:
    for number, file in enumerate(files):
        try:
            yield levels.to_bgr8(read_image(file, AS_SEEN), str(file))
        except InputError as error:
            if number == 0:
                later = "Start later (--start), or put" if len(files) > 1 else "Put"
                raise InputError(
                    f"the first frame cannot be read: {error.what}",
                    do=f"{later} a whole PNG or JPEG in its place",
                    reason="bad video",
                ) from error
            yield None


def _played(place: int | str, name: str, stem: str, part: Part, levels: Levels, *, live: bool) -> Source:
    """A source that OpenCV plays; `live`: it does not wait, so frames may be left out."""
    found = play(place, printable(name), part, levels, live=live)
    return Source(
        printable(name),
        found.frames,
        found.count,
        found.rate,
        stem,
        found.first,
        found.exact,
        () if live else [Path(str(place))],
    )


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
