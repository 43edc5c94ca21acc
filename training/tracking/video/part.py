"""The part of a video to read: first and last frame, each by number or by time."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from curation.errors import InputError, printable

DEFAULT_RATE = 25.0
"""Frames per second of images, and of videos that do not tell."""

CLOSE = 0.001
"""Seconds by which two times may differ and be the same: containers round to milliseconds."""


@dataclass(frozen=True)
class Part:
    """The part of a source to read, and how to read it.

    Parameters
    ----------
    start, end : str
        The first and the last frame: a number, 1-based; seconds, `12.5s`; or a time, `1:30` or `0:01:30.5`, which
        means the frame that is shown then. Empty: all of them.
    live : bool
        Of a camera or an address: the newest frame each time, not every one.
    levels : (float, float), optional
        Values of images of more than 8 bits that become black and white; else as of `Levels`.

    Raises
    ------
    InputError
        If `start` or `end` is none of these, or the end comes first.
    """

    start: str = ""
    end: str = ""
    live: bool = False
    levels: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.first, float) == isinstance(self.last, float) and self.last is not None:
            self.check(self.last < self.first)

    @property
    def first(self) -> int | float:
        """The first frame: its number, or its time in seconds as a float."""
        return _moment("--start", self.start) if self.start else 1

    @property
    def last(self) -> int | float | None:
        """The last frame likewise; None for the last of the source."""
        return _moment("--end", self.end) if self.end else None

    def bounds(self, rate: float) -> tuple[int, int | None]:
        """The part as a slice of frames of a constant rate: frames before the first one, and the end."""
        before = _number(self.first, rate) - 1
        end = None if self.last is None else _number(self.last, rate)
        self.check(end is not None and end <= before)
        return before, end

    def check(self, turned: bool) -> None:
        """Raise `InputError` if the end has turned out to come first."""
        if turned:
            raise InputError(
                f"--end {self.end} comes before --start {self.start or 1}", do="Turn them around"
            )


WHOLE = Part()


def _moment(option: str, text: str) -> int | float:
    """A frame number, 1-based, or a time in seconds as a float."""
    if re.fullmatch(r"\d{1,4000}", text) and int(text) >= 1:
        return min(int(text), sys.maxsize)
    if match := re.fullmatch(r"(?:(?:(\d{1,12}):)?(\d{1,12}):)?(\d{1,12}(?:\.\d{1,12})?)(s?)", text):
        hours, minutes, seconds, unit = match.groups()
        if bool(unit) != bool(minutes):
            return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)
    raise InputError(
        f"{option} {printable(text)} is neither a frame nor a time",
        do="Give a frame, from 1 on, seconds such as 12.5s, or a time such as 1:30",
    )


def _number(moment: int | float, rate: float) -> int:
    """The number of the frame that is shown at that moment, 1-based."""
    return moment if isinstance(moment, int) else int((moment + CLOSE) * rate) + 1
