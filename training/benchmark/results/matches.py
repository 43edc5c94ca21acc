"""Match result files to sequences, despite other spellings and suffixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from curation.rows import nearest
from training.benchmark.results.formats.format_table import readers
from training.benchmark.sequences.sequence import Benchmark, Sequence
from training.benchmark.sequences.sequence_list import load_listing, name_key, packaged_names


@dataclass(frozen=True)
class Matched:
    """The files of each sequence.

    Attributes
    ----------
    files : dict of Path
        By sequence name.
    others : dict of str
        Files that belong to no sequence of the benchmark, with their names' keys without what all share.
    doubles : list of str
        One line for each sequence with more than one file.
    """

    files: dict[str, Path] = field(default_factory=dict)
    others: dict[Path, str] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)


BESIDE = ("_time", "_times", "_all_boxes", "_all_scores", "_object_presence_scores")
"""Ends of files that stand beside results and are none."""


def result_files(folder: Path) -> list[Path]:
    """Files of `folder` that may be results: times and hidden files (`._Basketball.txt`) are left out."""
    known = readers()
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in known
        and not path.name.startswith(".")
        and not path.stem.endswith(BESIDE)
        and not path.is_dir()
    )


def keys_of(sequence: Sequence) -> list[str]:
    """Keys of all names of a sequence."""
    return [name_key(name) for name in (sequence.name, *sequence.names.values(), *sequence.aliases)]


def match_files(paths: Iterable[Path], benchmark: Benchmark) -> Matched:
    """Match files to sequences by the name's key (case and `-_.` do not matter).

    Where the bare name does not match, a prefix and suffix are looked for that most files share
    (`basketball_KCF_GaussHog.mat`, `Airport_ce_CN2.txt`). Where a toolkit calls all sequences otherwise (pytracking:
    `uav_bike1`) and any file is called so, its names alone count: a folder may hold several benchmarks.
    """
    files: dict[str, list[Path]] = {}
    for path in paths:
        files.setdefault(name_key(_stem(path)), []).append(path)
    owners = _owners(files, benchmark)
    prefix, suffix = _affix(files, owners)
    matched: dict[str, list[Path]] = {}
    for key, name in owners.items():
        if found := files.pop(f"{prefix}{key}{suffix}", None):
            matched.setdefault(name, []).extend(found)
    return Matched(
        {name: found[0] for name, found in matched.items()},
        {
            path: key.removeprefix(prefix).removesuffix(suffix)
            for key, found in files.items()
            for path in found
        },
        [
            f"{name} has {len(found)} files: {', '.join(path.name for path in found)}"
            for name, found in matched.items()
            if len(found) > 1
        ],
    )


def _owners(files: Container[str], benchmark: Benchmark) -> dict[str, str]:
    """The keys that may be a file's name, with whose they are."""
    owners = {key: sequence.name for sequence in benchmark.sequences for key in keys_of(sequence)}
    bare = {name_key(sequence.name): sequence.name for sequence in benchmark.sequences}
    for toolkit in dict.fromkeys(toolkit for s in benchmark.sequences for toolkit in s.names):
        theirs = {name_key(s.names[toolkit]): s.name for s in benchmark.sequences if toolkit in s.names}
        if theirs.keys() & bare.keys() or len(theirs) < len(bare):
            continue
        if any(key in files for key in theirs):
            return theirs
    return owners


def _stem(path: Path) -> str:
    """A file's name without its ending; in a sequence's own folder (`<sequence>/<sequence>_001.txt`), the folder's."""
    rest = path.stem.removeprefix(f"{path.parent.name}_")
    return path.parent.name if rest != path.stem and rest.isdecimal() else path.stem


def tracker_of(path: Path, names: Container[str]) -> str | None:
    """What follows a sequence's name in `<sequence>_<tracker>.mat`: empty if nothing, None if no name fits.

    `names` are keys of sequence names (`sequence_list.name_key`); of several that fit the longest is the sequence's.
    """
    stem = path.stem
    parts = name_key(stem).split("-")
    heads = ("-".join(parts[:stop]) for stop in range(len(parts), 0, -1))
    head = next((head for head in heads if head in names), None)
    return None if head is None else stem[len(head) + 1 :]


def _affix(files: Iterable[str], owners: dict[str, str]) -> tuple[str, str]:
    """The prefix and suffix around known names that most files share; bare names win a tie."""
    count: Counter[tuple[str, str]] = Counter()
    for stem in files:
        parts = stem.split("-")
        for start in range(len(parts)):
            for stop in range(start + 1, len(parts) + 1):
                if "-".join(parts[start:stop]) in owners:
                    count[
                        "".join(f"{part}-" for part in parts[:start]), "".join(f"-{p}" for p in parts[stop:])
                    ] += 1
    return max(sorted(count), key=lambda affix: (count[affix], affix == ("", "")), default=("", ""))


def strangers(
    others: Mapping[Path, str], found: Container[str], benchmark: Benchmark
) -> tuple[list[str], list[str]]:
    """Remarks on files or folders that belong to no sequence.

    Those named like a sequence of another packaged list (OTB-100's results scored on OTB-2013) need no word.

    Parameters
    ----------
    others : mapping of Path to str
        With the name that was looked for.
    found : container of str
        Sequences that have a result.
    benchmark : Benchmark

    Returns
    -------
    misspelt, unknown : list of str
        A line for each that looks like the name of a sequence without a result; names of all the others.
    """
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in found]
    known = _packaged_keys() | {name_key(name) for name in benchmark.missing} if others else frozenset()
    misspelt, unknown = [], []
    for path, name in others.items():
        if name_key(name) in known:
            continue
        guess = nearest(name, missing, key=name_key)
        if guess is None:
            unknown.append(path.name)
        else:
            misspelt.append(f"{path.name} belongs to no sequence of {benchmark.title}; did you mean {guess}?")
    return misspelt, unknown


@cache
def _packaged_keys() -> frozenset[str]:
    """Keys of all names in all packaged lists."""
    return frozenset(
        name_key(name)
        for listing in map(load_listing, packaged_names())
        for entry in listing.sequences
        for name in (entry.name, *entry.names.values(), *entry.aliases)
    )


def likely_benchmark(paths: Iterable[Path]) -> tuple[str, str, set[str]] | None:
    """Name and title of the packaged list that names most of these files, and their keys; None if none does."""
    stems = {name_key(_stem(path)) for path in paths}
    best: tuple[str, str, set[str]] | None = None
    for name in packaged_names():
        listing = load_listing(name)
        owners = {
            name_key(alias): entry.name
            for entry in listing.sequences
            for alias in (entry.name, *entry.names.values(), *entry.aliases)
        }
        prefix, suffix = _affix(stems, owners)
        found = {full for key in owners if (full := f"{prefix}{key}{suffix}") in stems}
        if len(found) > (len(best[2]) if best else 0):
            best = (listing.benchmark, listing.title, found)
    return best
