"""Sequences of a benchmark, read in place as its authors distribute them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from pathlib import Path

from curation.errors import InputError
from training.benchmark.problems import Collected
from training.benchmark.sequences.places import find_homes
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import (
    Listing,
    is_path,
    load_listing,
    name_sequences,
    packaged_names,
)
from training.benchmark.sequences.sequence_reader import load_sequence


def load_benchmark(name: str, roots: Items[Path], *, images: bool = True, whole: bool = False) -> Benchmark:
    """Find a benchmark's sequences under one or several roots. Nothing is ever downloaded, moved or written.

    Parameters
    ----------
    name : str
        One of `sequence_list.packaged_names`, or the path of one's own list.
    roots : sequence of Path
        Folders that hold the sequences, or hold the benchmark's own folder; the first with a sequence wins.
        A file `<root>/<name>.json` takes the place of the packaged list.
    images : bool
        Require the frames. Without them a folder of bare annotation files (`<root>/<sequence>.txt`) will do:
        enough for scoring somebody's result files.
    whole : bool
        Keep the rows before the start of one-pass evaluation (Tiger1 1-5), as got10k and vot-toolkit do.

    Raises
    ------
    InputError
        If a root does not exist, no sequence at all is found, or something found is damaged: each sequence
        with a problem is named. A sequence that is not there at all is listed in `Benchmark.missing`.
    """
    for root in roots:
        if not root.is_dir():
            raise InputError(
                f"{name}: the root {root} does not exist",
                do="Give the folder with the sequences",
                reason="missing root",
            )
    overrides = [file for root in roots if not is_path(name) and (file := root / f"{name}.json").exists()]
    listing = load_listing(name, overrides[0] if overrides else None)
    homes = find_homes(roots, listing.folders)
    if not listing.sequences:
        listing = name_sequences(listing, [home.path for home in homes])
    sequences, missing = [], []
    problems = Collected()
    for entry in listing.sequences:
        with problems.catching():
            found = load_sequence(entry, listing, homes, images=images, whole=whole)
            if found is None:
                missing.append(entry.name)
            else:
                sequences.append(found)
    problems.check(f"{listing.title} under {_list(roots)}", do="Unpack these sequences again")
    if not sequences:
        raise InputError(
            f"no sequence of {listing.title} found under {_list(roots)}",
            do=f"Give the folder that holds {'/, or '.join([listing.sequences[0].folder, *listing.folders[:1]])}/",
            reason="missing benchmark",
        )
    return Benchmark(
        name=listing.benchmark,
        title=listing.title,
        kind=listing.kind,
        sequences=sequences,
        missing=missing,
        attributes=listing.attributes,
        absent_rows=listing.absent_rows,
        invalid_rows=listing.invalid_rows,
        eao_interval=listing.eao_interval,
        result_folders=listing.results,
        protocol=listing.protocol,
        metrics=listing.metrics,
        given_away=listing.truth == "all",
        own=_is_own(listing),
    )


def _is_own(listing: Listing) -> bool:
    if listing.benchmark not in packaged_names():
        return True
    packaged = load_listing(listing.benchmark).sequences
    return {entry.name for entry in packaged} != {entry.name for entry in listing.sequences} and bool(
        packaged
    )


def _list(roots: Iterable[Path]) -> str:
    return ", ".join(str(root) for root in roots)
