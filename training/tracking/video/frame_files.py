"""Find the image files of one sequence in a folder, pattern or list, without hidden files."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from curation.errors import InputError, printable, some

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
    """The images of a folder in the order of the numbers in their names.

    Raises
    ------
    InputError
        If there are none, or several kinds: other endings, other names around the numbers, or one number twice.
    """
    files = sorted((file for file in folder.iterdir() if is_image(file)), key=in_order)
    if not files:
        inside = [found for found in sorted(folder.iterdir()) if found.is_dir() and _holds_images(found)]
        raise InputError(
            f"{folder} holds no images",
            do=f"Give a folder in it: {some(inside)}" if inside else f"Expected {', '.join(IMAGES)}",
            reason="missing video",
        )
    kinds = defaultdict(list)
    for file in files:
        kinds[_kind(file)].append(file)
    if len(kinds) > 1:
        counts = [f"{len(kinds[kind])} {kind}" for kind in sorted(kinds)]
        more = f" and {len(counts) - 4} more kinds" if len(counts) > 4 else ""
        ways = " or ".join(_quoted(folder, kind.replace("#", "%d")) for kind in sorted(kinds)[:2])
        raise InputError(
            f"{folder} holds several kinds of images: {', '.join(counts[:4])}{more} (# is a number)",
            do=f"Name one of them: {ways}; or all, in the order of their numbers: {_quoted(folder, '*.*')}",
            reason="several kinds of images",
        )
    _check_numbers(files, folder)
    return files


def pattern_images(pattern: str) -> list[Path]:
    """The image files that a pattern matches, in the order of the numbers in their names.

    Raises
    ------
    InputError
        If there are none, or one number stands twice where `%d` asks for numbers.
    """
    folder, name = Path(pattern).parent, Path(pattern).name
    found = sorted(filter(is_image, folder.iterdir() if folder.is_dir() else ()), key=in_order)
    if _COUNTER.search(name):
        whole = re.compile("".join(_digits(part) for part in re.split(f"({_COUNTER.pattern})", name)))
        files = [file for file in found if whole.fullmatch(file.name)]
        _check_numbers(files, folder)
    else:
        files = [file for file in found if fnmatchcase(file.name, name)]
    if not files:
        raise InputError(
            f"no image is named {pattern}",
            do="Look at the names of your files; in quotes, * stands for anything and %d for a number",
            reason="missing video",
        )
    return files


def listed_images(words: Sequence[str]) -> list[Path]:
    """Several files named one by one, as a shell expands `frames/*.jpg`, in the order of their numbers.

    Raises
    ------
    InputError
        If one of them is no image.
    """
    for word in words:
        if not is_image(Path(word)) or not Path(word).is_file():
            raise InputError(
                f"{len(words)} videos were given, and {printable(word)} is not an image",
                do="Give one video, one folder, or only images",
                reason="several videos",
            )
    return sorted(map(Path, words), key=in_order)


def in_order(path: Path) -> list[tuple[int, str]]:
    """Sorts `frame10` after `frame9`."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _kind(file: Path) -> str:
    """A file's name with `#` in the place of each number."""
    return re.sub(r"\d+", "#", file.stem) + file.suffix


def _check_numbers(files: Sequence[Path], folder: Path) -> None:
    """Raise `InputError` where two files have the same numbers."""
    numbers = [re.findall(r"\d+", file.stem) for file in files]
    values = [tuple(int(number) for number in found) for found in numbers]
    for before, after, one, other in zip(files, files[1:], values, values[1:], strict=False):
        if one == other and one:
            raise InputError(
                f"{folder} holds {before.name} and {after.name}, which have the same number",
                do="Move one of them away, or name the files that you mean",
                reason="several kinds of images",
            )


def _digits(part: str) -> str:
    """A part of a pattern as a regular expression: `%06d` is a number of six digits or more."""
    if not _COUNTER.fullmatch(part):
        return re.escape(part)
    width = part[1:-1]
    return rf"\d{{{int(width)},}}" if width.startswith("0") and width.strip("0") else r"\d+"


def _quoted(folder: Path, name: str) -> str:
    """A pattern in that folder, as a shell takes it."""
    return shlex.quote(str(folder / name))


def _holds_images(folder: Path) -> bool:
    try:
        return any(is_image(file) for file in folder.iterdir())
    except OSError:
        return False
