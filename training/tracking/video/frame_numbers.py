"""Whether image files are one sequence, by the numbers in their names."""

from __future__ import annotations

import logging
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from curation.errors import InputError, some

log = logging.getLogger(__name__)

ALL = "*.*"
"""The pattern that asks for all images of a folder, of several kinds too."""


def kind(file: Path) -> str:
    """A file's name with `#` in the place of each number."""
    return re.sub(r"\d+", "#", file.stem) + file.suffix


def check_kinds(files: Sequence[Path], folder: Path) -> None:
    """Raise `InputError` where files of a folder have other endings, or other names around their numbers."""
    counts = Counter(kind(file) for file in files)
    if len(counts) < 2:
        return
    kinds = [f"{counts[name]} {name}" for name in sorted(counts)]
    more = f" and {len(kinds) - 4} more kinds" if len(kinds) > 4 else ""
    ways = " or ".join(_quoted(folder, name.replace("#", "%d")) for name in sorted(counts)[:2])
    raise InputError(
        f"{folder} holds several kinds of images: {', '.join(kinds[:4])}{more} (# is a number)",
        do=f"Name one of them: {ways}; or all, in the order of their numbers: {_quoted(folder, ALL)}",
        reason="several kinds of images",
    )


def check_numbers(files: Sequence[Path], folder: Path) -> None:
    """Raise `InputError` where two files of a folder have the same numbers."""
    seen: dict[tuple[int, ...], Path] = {}
    for file in files:
        numbers = _numbers(file)
        before = seen.setdefault(numbers, file)
        if numbers and before is not file:
            raise InputError(
                f"{folder} holds {before.name} and {file.name}, which have the same number",
                do="Move one of them away, or name the files that you mean; all, in the order of their names: "
                f"{_quoted(folder, ALL)}",
                reason="several kinds of images",
            )


def report_missing(files: Sequence[Path], folder: Path) -> None:
    """Report numbers that are left out, where files are numbered in even steps otherwise."""
    by_rest = defaultdict(list)
    for file in files:
        by_rest[kind(file)].append(_numbers(file))
    for numbers in by_rest.values():
        changing = [place for place in zip(*numbers, strict=False) if len(set(place)) > 1]
        if len(changing) == 1 and (gaps := _gaps(changing[0])):
            log.warning(
                "%s: images numbered %s are missing; the next ones take their place",
                folder,
                some(gaps, most=5),
            )


def _gaps(numbers: Sequence[int]) -> list[str]:
    """Which numbers are left out, as `5` or `8-11`; none if most do not follow each other in one step."""
    steps = [after - before for before, after in pairwise(numbers)]
    step = min(steps)
    if step <= 0 or any(found % step for found in steps) or 2 * steps.count(step) < len(steps):
        return []
    left_out = [(before + step, after - step) for before, after in pairwise(numbers) if after - before > step]
    return [str(first) if first == last else f"{first}-{last}" for first, last in left_out]


def _numbers(file: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", file.stem))


def _quoted(folder: Path, name: str) -> str:
    """A pattern in that folder, as a shell takes it."""
    return shlex.quote(str(folder / name))
