"""Find the image files of one sequence in a folder, pattern or list, without hidden files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

from curation.errors import InputError, printable, some
from training.tracking.video.frame_numbers import ALL, check_kinds, check_numbers, kind, report_missing

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif", ".jp2")
"""Endings of image files, of which a folder or a single file may consist."""

_COUNTER = re.compile(r"%0?\d*d")
"""Where a pattern such as `%06d.jpg` has the number of the frame."""


def is_image(path: Path) -> bool:
    """Whether a file's name is that of a visible image."""
    return path.suffix.lower() in IMAGES and not path.name.startswith(".")


def is_pattern(text: str) -> bool:
    """Whether a text is a pattern of image files, `frames/%06d.jpg` or `frames/*.png`; folders have no pattern."""
    return bool(_COUNTER.search(Path(text).name) or re.search(r"[*?[]", Path(text).name))


def folder_images(folder: Path) -> list[Path]:
    """The images of a folder in the order of the numbers in their names; missing numbers are reported.

    Raises
    ------
    InputError
        If there are none, or several kinds: other endings, other names around the numbers, or one number twice.
    """
    files = _images_in(folder)
    if not files:
        inside = [found for found in sorted(folder.iterdir()) if found.is_dir() and _holds_images(found)]
        raise InputError(
            f"{folder} holds no images",
            do=f"Give a folder in it: {some(inside)}" if inside else f"Expected {', '.join(IMAGES)}",
            reason="missing video",
        )
    check_kinds(files, folder)
    check_numbers(files, folder)
    report_missing(files, folder)
    return files


def pattern_images(pattern: str) -> list[Path]:
    """The image files that a pattern matches, in the order of the numbers in their names.

    Raises
    ------
    InputError
        If there are none, or one number stands twice; `*.*` asks for all there are, whatever their numbers.
    """
    folder, name = Path(pattern).parent, Path(pattern).name
    found = _images_in(folder) if folder.is_dir() else []
    if _COUNTER.search(name):
        whole = re.compile("".join(_digits(part) for part in re.split(f"({_COUNTER.pattern})", name)))
        files = [file for file in found if whole.fullmatch(file.name)]
    else:
        files = [file for file in found if fnmatchcase(file.name, name)]
    if not files:
        raise InputError(
            f"no image is named {pattern}",
            do="Look at the names of your files; in quotes, * stands for anything and %d for a number",
            reason="missing video",
        )
    if name != ALL:
        check_numbers(files, folder)
        report_missing(files, folder)
    return files


def listed_images(words: Sequence[str]) -> list[Path]:
    """Several files named one by one, as a shell expands `frames/*.jpg`.

    Folders keep the order in which they are named; files of one folder that follow each other are ordered by the
    numbers in their names.

    Raises
    ------
    InputError
        If one of them is no image, or those of one folder are of several kinds, as of `folder_images`.
    """
    for word in words:
        if not is_image(Path(word)) or not Path(word).is_file():
            raise InputError(
                f"{len(words)} videos were given, and {printable(word)} is not an image",
                do="Give one video, one folder, or only images",
                reason="several videos",
            )
    listed: list[Path] = []
    for folder, group in groupby(map(Path, words), key=lambda file: file.parent):
        files = sorted(group, key=in_order)
        check_kinds(files, folder)
        check_numbers(files, folder)
        report_missing(files, folder)
        listed += files
    return listed


def in_order(path: Path) -> list[tuple[int, str]]:
    """Sorts `frame10` after `frame9`."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _digits(part: str) -> str:
    """A part of a pattern as a regular expression: `%06d` is a number of six digits or more."""
    if not _COUNTER.fullmatch(part):
        return re.escape(part)
    width = part[1:-1]
    return rf"\d{{{int(width)},}}" if width.startswith("0") and width.strip("0") else r"\d+"


def _images_in(folder: Path) -> list[Path]:
    """The images of a folder in order. A folder called like one of them stands for a frame that is broken."""
    with os.scandir(folder) as entries:
        found = {folder / entry.name: entry.is_dir() for entry in entries if is_image(Path(entry.name))}
    kinds = {kind(file) for file, is_folder in found.items() if not is_folder}
    return sorted(
        (file for file, is_folder in found.items() if not is_folder or kind(file) in kinds), key=in_order
    )


def _holds_images(folder: Path) -> bool:
    try:
        return any(is_image(file) for file in folder.iterdir())
    except OSError:
        return False
