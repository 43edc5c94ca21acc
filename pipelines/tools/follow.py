"""Track a target through a video: boxes as OTB text, and an annotated MP4 that browsers play.

    dslt follow holiday.mp4 --select                                  # draw the box in the first frame
    dslt follow holiday.mp4 --box 410,220,64,80 --start 1:30
    dslt follow 'frames/%06d.png' --box 410,220,64,80 --tracker online --weights squeezenet1_0.npz
    dslt follow rtsp://camera/stream --select --live
VIDEO is any file OpenCV opens, a folder or pattern of images, several images, an address (rtsp, http, ...), or the
index of a camera. The box is x,y,w,h in the first frame that is tracked: pixels, the top-left pixel is 0,0. Both files
are written into the current folder, named after the video, unless --boxes and --out say otherwise; the boxes are those
of the frames from --start to --end. In the video the box is green, orange where the target is doubtful, red where it is
hidden.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.errors import InputError, printable
from pipelines import trackers

if TYPE_CHECKING:
    from training.tracking.interface import Box, Frame
    from training.tracking.video.follower import Followed
    from training.tracking.video.source import Source

log = logging.getLogger(__name__)

SPANS = 5
"""Spans of frames that are named, of those in which the target was hidden."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "video",
        metavar="VIDEO",
        nargs="+",
        help="file, folder, pattern or list of images, address, camera index",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--box", metavar="X,Y,W,H", help="the target in the first frame")
    target.add_argument(
        "--select",
        action="store_true",
        help="draw the box in a window; without a display, write the first frame with a grid to read it off",
    )
    trackers.add_arguments(parser, default="")
    parser.add_argument("--start", metavar="WHEN", help="first frame: its number from 1 on, 12.5s, or 1:30")
    parser.add_argument("--end", metavar="WHEN", help="last frame, likewise")
    parser.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, ... (the setting)")
    parser.add_argument(
        "--live",
        action="store_true",
        help="show a window (q ends); from a camera or an address take the newest frame, not every one",
    )
    parser.add_argument(
        "--range", metavar="LOW,HIGH", help="more than 8 bits: values that become black and white (as used)"
    )
    parser.add_argument("--boxes", type=Path, metavar="FILE", help="where to write the boxes (<video>.txt)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write the video (<video>.tracked.mp4)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_argument(
        "--responses", action="store_true", help="draw the tracker's response map and its peak in"
    )


def run(options: argparse.Namespace) -> None:
    from training.tracking.video.part import Part
    from training.tracking.video.source import open_source

    _check_given(options)
    given = _numbers("--box", options.box, "x,y,w,h", "410,220,64,80") if options.box else None
    levels = _numbers("--range", options.range, "low,high", "0,4095") if options.range else None
    part = Part(
        options.start or "", options.end or "", options.live, (levels[0], levels[1]) if levels else None
    )
    source = open_source(options.video, part)
    text = options.boxes or Path(f"{source.stem}.txt")
    video = options.out or Path(f"{source.stem}.tracked.mp4")
    _check_places(text, video, source, options)
    if options.select:
        _check_display(source, options)
    if options.live and not _can_show():
        log.warning("no display: --live shows nothing here")

    from training.tracking.video.follower import follow
    from training.tracking.video.window import ask_box

    chosen = trackers.choose(options, device=options.device or "")
    sys.stdout.write(f"{chosen.words}\n")
    if chosen.warning:
        log.warning("warning: %s", chosen.warning)

    def asked(frame: Frame) -> Box:
        box = ask_box(frame, source.name)
        sys.stdout.write(f"--box {','.join(f'{value:g}' for value in box)}\n")
        return box

    done = follow(
        source,
        asked if given is None else np.array(given),
        chosen.contender.make(),
        text=text,
        video=video,
        responses=options.responses,
        show=options.live and _can_show(),
    )
    sys.stdout.write(f"{summary(done, source)}; boxes in {text}, video in {video}\n")


def summary(done: Followed, source: Source) -> str:
    """Summarise the run: frames, speed, and how well the target was seen."""
    count = len(done.boxes)
    words = "1 frame" if count == 1 else f"{count} frames"
    if source.first > 1:
        words += f" from {source.first} on"
    if done.unread:
        words += f", {done.unread} of them unreadable"
    words += f", {count / max(done.seconds, 1e-9):.1f} frames/s"
    seen: Counter[Any] = Counter(done.sights)
    if count > 1 and not seen["clear"] + seen["doubtful"] + seen["hidden"]:
        return f"{words}; this tracker does not know when it has lost the target"
    for sight in ("hidden", "doubtful"):
        if seen[sight]:
            spans = list(_spans([source.first + n for n, s in enumerate(done.sights) if s == sight]))
            more = f", and {len(spans) - SPANS} times more" if len(spans) > SPANS else ""
            words += f"; {sight} in {seen[sight]} ({', '.join(spans[:SPANS])}{more})"
    return words if seen["hidden"] + seen["doubtful"] or count == 1 else f"{words}; seen clearly throughout"


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    """Numbers in order as spans: `3`, `7-12`."""
    first = None
    for index, number in enumerate(numbers):
        first = number if first is None else first
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield str(number) if first == number else f"{first}-{number}"
            first = None


def _numbers(option: str, words: str, form: str, example: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in words.split(","))
    except ValueError:
        values = ()
    if len(values) != form.count(",") + 1:
        count = {2: "two", 4: "four"}[form.count(",") + 1]
        raise InputError(
            f"{option} {words}: expected {count} numbers {form}", do=f"For example: {option} {example}"
        )
    return values


def _check_given(options: argparse.Namespace) -> None:
    """Raise `InputError` for an option without a value: a shell variable that is not set."""
    for name in ("box", "range", "start", "end", "device"):
        if getattr(options, name) == "":
            raise InputError(
                f"--{name} is empty", do="Give it a value; perhaps a variable of the shell is not set"
            )


def _check_places(text: Path, video: Path, source: Source, options: argparse.Namespace) -> None:
    """Raise `InputError` if a file would be lost, or hold what its name does not say."""
    if text.resolve() == video.resolve():
        raise InputError(f"boxes and video cannot both be {text}", do="Give --boxes and --out two names")
    _check_place(text, source, options, "--boxes FILE")
    if video.suffix.lower() != ".mp4" and (video.is_file() or not video.exists()):
        raise InputError(
            f"{video} does not end in .mp4, and the video is an MP4",
            do=f"Give --out {video.with_suffix('.mp4')}",
        )
    _check_place(video, source, options, "--out FILE")


def _check_place(place: Path, source: Source, options: argparse.Namespace, other: str) -> None:
    """Raise `InputError` if something else is there; `other`: how to name another place."""
    if not place.exists():
        return
    if not place.is_file():
        raise InputError(
            f"{place} is {'a folder' if place.is_dir() else 'no plain file'}", do=f"Name a file: {other}"
        )
    inputs = [*source.files, *([options.weights] if options.weights else [])]
    if any(file.exists() and place.samefile(file) for file in inputs):
        what = "the video itself" if len(source.files) == 1 else "one of the files that are read"
        raise InputError(f"{place} is {what}", do=f"Give another name: {other}")
    if not options.force:
        raise InputError(
            f"{place} is there already", do=f"Write over it with --force, or name another: {other}"
        )


def _can_show() -> bool:
    from training.tracking.video.window import has_display

    return has_display()


def _check_display(source: Source, options: argparse.Namespace) -> None:
    """Without a window, write the first frame with a grid, and end with instructions."""
    if _can_show():
        return
    from curation.files import write_bytes
    from training.tracking.video.drawing import encoded_grid

    place = Path(f"{source.stem}.first.png")
    if place.exists() and not options.force:
        raise InputError(f"{place} is there already", do="Write over it with --force, or move it away")
    frame = next(source.frames, None)
    if frame is None:
        raise InputError(f"{source.name}: the first frame cannot be read", do="Give another video or --start")
    write_bytes(place, encoded_grid(frame))
    raise InputError(
        f"there is no display to draw the box in; {printable(str(place))} is the first frame with a grid",
        do=f"Read the target's box off it and give it as --box X,Y,W,H (the frame is {frame.shape[1]} x "
        f"{frame.shape[0]} pixels, the top-left one is 0,0)",
    )
