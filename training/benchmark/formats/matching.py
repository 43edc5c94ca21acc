"""Which file of a results folder belongs to which sequence, in spite of other spellings and suffixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from training.benchmark.listing import load_listing, name_key, packaged_names
from training.benchmark.problems import nearest
from training.benchmark.records import Benchmark, Sequence

ENDINGS = (".txt", ".mat", ".json")


@dataclass(frozen=True)
class Matched:
    """Files by sequence name, and files that belong to no sequence of the benchmark."""

    files: dict[str, Path] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)


def result_files(folder: Path) -> list[Path]:
    """Files of `folder` that may be results: times are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in ENDINGS and path.is_file() and not path.stem.endswith(("_time", "_times"))
    )


def keys_of(sequence: Sequence) -> list[str]:
    """Keys of all names of a sequence."""
    return [name_key(name) for name in (sequence.name, *sequence.names.values(), *sequence.aliases)]


def match_files(paths: Iterable[Path], benchmark: Benchmark) -> Matched:
    """Match files to sequences by the name's key (case and `-_.` do not matter).

    Where the bare name does not match, a prefix and suffix are looked for that most files share
    (`basketball_KCF_GaussHog.mat`, `Airport_ce_CN2.txt`).
    """
    files = {name_key(path.stem): path for path in paths}
    owners = {key: sequence.name for sequence in benchmark.sequences for key in keys_of(sequence)}
    prefix, suffix = _affix(files, owners)
    matched: dict[str, Path] = {}
    for key, name in owners.items():
        path = files.get(f"{prefix}{key}{suffix}")
        if path is not None:
            matched.setdefault(name, path)
    used = set(matched.values())
    return Matched(matched, [path for path in files.values() if path not in used])


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


def misspelt(matched: Matched, benchmark: Benchmark) -> list[str]:
    """One line for each file that looks like a misspelt name of a sequence without a file.

    Files named like a sequence of another packaged list (OTB-100's results scored on OTB-2013) are no
    misspellings.
    """
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in matched.files]
    if not missing or not matched.others:
        return []
    known = {
        name_key(name)
        for listing in map(load_listing, packaged_names())
        for entry in listing.sequences
        for name in (entry.name, *entry.names.values(), *entry.aliases)
    }
    lines = []
    for path in matched.others:
        guess = nearest(path.stem, missing, key=name_key)
        if guess is not None and name_key(path.stem) not in known:
            lines.append(f"{path.name} belongs to no sequence of {benchmark.title}; did you mean {guess}?")
    return lines


def likely_benchmark(paths: Iterable[Path]) -> tuple[str, str, int] | None:
    """Name and title of the packaged list that names most of these files, and how many; None if none does."""
    stems = {name_key(path.stem) for path in paths}
    best: tuple[str, str, int] | None = None
    for name in packaged_names():
        listing = load_listing(name)
        owners = {
            name_key(alias): entry.name
            for entry in listing.sequences
            for alias in (entry.name, *entry.names.values(), *entry.aliases)
        }
        prefix, suffix = _affix(stems, owners)
        count = sum(f"{prefix}{key}{suffix}" in stems for key in owners)
        if count > (best[2] if best else 0):
            best = (listing.benchmark, listing.title, count)
    return best
