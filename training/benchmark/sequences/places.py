"""Find a benchmark's files in the layouts of its authors and of common copies.

A *home* is a folder that may hold sequences: each root, and each of its children and grandchildren that bear one of
the benchmark's own names. Folder and file names are matched without regard to case and to the signs `-_.`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.sequences.sequence_list import Entry, name_key
from training.benchmark.text_tables import SEPARATORS, parse_rows, read_text

IMAGE_ENDINGS = ("jpg", "png", "jpeg")
"""In order of preference where a frame is there twice."""


@dataclass(frozen=True)
class Home:
    """A folder that may hold sequences, with what is in it by name key."""

    path: Path
    children: dict[str, Path]


@dataclass(frozen=True)
class Place:
    """The place of one sequence: its annotation file and its image folder (None if absent)."""

    annotation: Path
    frames: Path | None


def find_homes(roots: Iterable[Path], names: Sequence[str]) -> list[Home]:
    """Each root, then its children with one of `names`, in that order, then theirs."""
    homes = []
    for root in roots:
        homes.append(_home(root))
        homes += [inner for home in _called(homes[-1], names) for inner in (home, *_called(home, names))]
    return homes


def _called(home: Home, names: Sequence[str]) -> list[Home]:
    own = [home.children.get(name_key(name)) for name in names]
    return [_home(path) for path in dict.fromkeys(own) if path is not None and path.is_dir()]


def _home(path: Path) -> Home:
    return Home(path, {name_key(child.name): child for child in sorted(path.iterdir(), reverse=True)})


def find_sequence(entry: Entry, homes: list[Home], *, images: bool) -> Place | None:
    """The first home with the sequence's annotation, and its images from there or from another home."""
    for home in homes:
        for folder in _folders(entry, home):
            for annotation in (folder / entry.gt_file, home.path / entry.gt_file, *_copies(entry, folder)):
                if _is_given(annotation, empty=False):
                    return Place(annotation, _images(entry, [home, *homes]))
        if not images:
            for name in _names(entry):
                annotation = home.children.get(name_key(f"{name}.txt"), home.path / f"{name}.txt")
                if _is_given(annotation):
                    return Place(annotation, None)
    return None


def _copies(entry: Entry, folder: Path) -> list[Path]:
    """Annotation of a copy in OTB's layout, only if the folder belongs to one sequence."""
    own = name_key(folder.name) in map(name_key, _names(entry))
    return [folder / name for name in ("groundtruth_rect.txt", "groundtruth.txt")] if own else []


def _is_given(path: Path, *, empty: bool = True) -> bool:
    """Whether an annotation is there; the reader refuses one that is not a plain file."""
    if path.is_file():
        return empty or path.stat().st_size > 0
    return path.exists() and not path.is_dir()


def _names(entry: Entry) -> tuple[str, ...]:
    return (entry.name, *entry.names.values(), *entry.aliases)


def _folders(entry: Entry, home: Home) -> list[Path]:
    candidates = [home.path / entry.folder]
    for name in (entry.folder, *_names(entry)):
        child = home.children.get(name_key(name))
        if child is not None and child.is_dir():
            candidates.append(child)
    twice = [
        path / path.name for path in candidates
    ]  # where an archive was unpacked into a folder of its name
    return list(dict.fromkeys([*candidates, *(path for path in twice if path.is_dir())]))


def _images(entry: Entry, homes: list[Home]) -> Path | None:
    inside = Path(entry.image).parent
    for home in homes:
        for folder in _folders(entry, home):
            for candidate in (folder / "color", folder / "img", folder / inside):
                if candidate.is_dir():
                    return candidate
    return None


def image_numbers(folder: Path, pattern: str) -> dict[int, str]:
    """Names of the numbered images in a folder; of several with one number the one like `pattern`."""
    found: dict[int, str] = {}
    names = [child.name for child in folder.iterdir()]
    for name in sorted(names, key=lambda name: (_preference(name, pattern), name), reverse=True):
        number, ending = _parts(name, pattern)
        if number.isdecimal() and ending in IMAGE_ENDINGS:
            found[int(number)] = name
    return found


def _parts(name: str, pattern: str) -> tuple[str, str]:
    """Number (without the pattern's first letters) and ending of an image's name."""
    stem, _, ending = name.rpartition(".")
    return stem.removeprefix(pattern.partition("%")[0]), ending.lower()


def find_frames(entry: Entry, folder: Path, *, first: int, last: int | None) -> tuple[Path, ...]:
    """Image files of a sequence numbered `first` to `last` (None: up to the highest number there is).

    Raises
    ------
    InputError
        Naming the first number without an image.
    """
    found = image_numbers(folder, Path(entry.image).stem)
    last = max(found, default=first) if last is None else last
    count = last - first + 1
    there = sorted(number for number in found if first <= number <= last)
    if len(there) < count:
        lacking = next(number for number in range(first, last + 1) if number not in found)
        raise InputError(
            f"{entry.name}: {folder} lacks image {lacking} ({count - len(there)} of {count} are missing)",
            do="Unpack the sequence again",
            reason="missing image",
        )
    return tuple(folder / found[number] for number in there)


def _preference(name: str, pattern: str) -> tuple[bool, int]:
    number, ending = _parts(name, pattern)
    fits = number.isdecimal() and pattern % int(number) == name.rpartition(".")[0]
    rank = IMAGE_ENDINGS.index(ending) if ending in IMAGE_ENDINGS else len(IMAGE_ENDINGS)
    return (not fits, rank)


TAG_ENDINGS = ("tag", "label")
"""Endings of per-frame tag files, of today's bundle and of 2016's; the first that exists is read."""


def tag_files(folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The existing files that `read_tags` reads."""
    found = ((folder / f"{name}.{ending}" for ending in TAG_ENDINGS) for name in names)
    return tuple(path for pair in found for path in [next((p for p in pair if p.is_file()), None)] if path)


def read_tags(
    folder: Path, names: Sequence[str], rows: int, *, note: Callable[[Path, bytes], None] | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Per-frame tags (VOT) from `<name>.tag` or `<name>.label`: one 0 or 1 a line, short files filled with 0.

    A tag without a file is False everywhere. `empty` is True where no tag is set. `note` is that of
    `text_tables.read_text`.

    Raises
    ------
    InputError
        If a file has more lines than there are frames, or something else than 0 and 1.
    """
    tags = {}
    for name in names:
        values = np.zeros(rows, dtype=bool)
        for path in tag_files(folder, (name,)):
            column = np.array(
                parse_rows(read_text(path, note=note), path, widths=(1,)), dtype=np.float64
            ).reshape(-1)
            if len(column) > rows or not np.isin(column, (0, 1)).all():
                raise InputError(
                    f"{path}: expected at most {rows} lines of 0 or 1, found {len(column)} lines",
                    do="Unpack the sequence again",
                    reason="bad tag",
                )
            values[: len(column)] = column == 1
        tags[name] = values
    if names:
        tags["empty"] = ~np.any(list(tags.values()), axis=0)
    return tags


def flag_files(annotation: Path, names: Iterable[str]) -> dict[str, Path]:
    """Files of per-frame flags by name: beside the annotation, or for bare annotations `absent/<sequence>.txt`."""
    bare = annotation.parent / "absent" / annotation.name
    beside = {name: path for name in names if (path := annotation.parent / name).is_file()}
    return beside or ({"absent": bare} if bare.is_file() else {})


def read_flags(
    files: Mapping[str, Path],
    meanings: Mapping[str, str],
    rows: int,
    *,
    note: Callable[[Path, bytes], None] | None = None,
) -> NDArray[np.bool_]:
    """Frames (N,) whose target is absent, from files of `flag_files`: numbers in one line, or one a line.

    Raises
    ------
    InputError
        If a file has not as many numbers as there are frames.
    """
    absent = np.zeros(rows, dtype=np.bool_)
    for name, path in files.items():
        words = read_text(path, note=note).translate(SEPARATORS).split()
        if len(words) != rows or not "".join(words).isdecimal():
            raise InputError(
                f"{path}: expected {rows} whole numbers, found {len(words)} words",
                do="Unpack the sequence again",
                reason="bad flags",
            )
        flags = np.array(list(map(int, words))) != 0
        absent |= ~flags if meanings.get(name) == "present" else flags
    return absent
