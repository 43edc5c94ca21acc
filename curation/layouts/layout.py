"""How a dataset lies in its folders: one row a layout, and one module for what it reads."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from curation.layouts.frame_xml import FrameAnnotation
from curation.outside import unreadable
from curation.rows import Table, load_own

Parse = Callable[[], FrameAnnotation]
"""Gives one frame's annotation, or raises `InputError`."""

LAYOUTS: Table[str] = Table(
    "dataset layout", {"vid": "curation.layouts.vid_layout:VID"}, own=lambda name, _: name
)
"""Where the code of each layout is; one's own is a `Layout`, named by the place of its code."""


@dataclass(frozen=True)
class Layout:
    """One kind of dataset: where its videos are, how its files are named, what they say.

    Attributes
    ----------
    holds : str
        What the root is the folder of, for messages.
    subsets : callable
        From a root to the names of the subsets whose frames are there. Raises `InputError` for a root of another kind.
    find : callable
        From a root and a subset to `(name, folder of frames, folder of annotations)` of each video. A video that lacks
        one of the two is there too. Raises `InputError` where there is none.
    image, annotation : str
        Names of the files of a frame, with its number as `%06d` or `%d`; an annotation of all frames has none.
    parse : callable
        From a video's folder of annotations, and the content of each of its files by name, to what parses each
        annotated frame, by number.
    words : (str, str)
        What the two kinds of files are called in messages.
    """

    holds: str
    subsets: Callable[[Path], tuple[str, ...]]
    find: Callable[[Path, str], Iterable[tuple[str, Path, Path]]]
    image: str
    annotation: str
    parse: Callable[[Path, Mapping[str, bytes]], Mapping[int, Parse]]
    words: tuple[str, str] = ("image", "annotation")


@cache
def layout_named(name: str) -> Layout:
    """The layout of that name; raises `InputError` as `Table` does."""
    layout: Layout = load_own(LAYOUTS[name], LAYOUTS.what)
    return layout


def frame_numbers(names: Iterable[str], pattern: str) -> list[int]:
    """Numbers of the frames among file names, ascending; names of another form count for nothing."""
    form = _form(pattern)
    return sorted(int(match[1]) for match in map(form.fullmatch, names) if match)


@cache
def _form(pattern: str) -> re.Pattern[str]:
    head, mark, tail = re.split(r"(%(?:0\d)?d)", pattern, maxsplit=1)
    digits = f"{{{mark[2]}}}" if mark != "%d" else "+"
    return re.compile(f"{re.escape(head)}([0-9]{digits}){re.escape(tail)}")


def folder_names(folder: Path) -> Iterable[str]:
    """Names of the folders in a folder that are not hidden; none where it is absent."""
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.name[0] != "." and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise unreadable(folder, error) from error
