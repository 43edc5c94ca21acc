"""Open a benchmark from command-line options, for tools and for trackers run by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

from curation.errors import InputError
from pipelines import parameters, settings, sources
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.sequences.sequence_list import load_listing, packaged_names


def add_benchmark(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a benchmark and its sequences; `open_benchmark` reads them."""
    parser.add_argument(
        "benchmark",
        help=f"the benchmark: {', '.join(packaged_names())}, or the path of your own list, .json",
    )
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="folder of sequences or annotation files; may be repeated (default: the settings', or the built-in ones)",
    )


def open_benchmark(options: argparse.Namespace, *, images: bool = False) -> Benchmark:
    """The benchmark that the command line names; without `images`, only VOT looks at one, for its size.

    Raises
    ------
    InputError
        As `load_benchmark`; also if no root is given or set.
    """
    return load_benchmark(options.benchmark, options.root or _roots(options.benchmark), images=images)


def _roots(benchmark: str) -> tuple[Path, ...]:
    """The folders of the settings; else the built-in sequences, if this project uses them; else the list's own."""
    runtime, listing = settings.load(), load_listing(benchmark)
    if roots := runtime.benchmark_roots(listing):
        return roots
    if not listing.setting:
        return (Path(benchmark).parent / listing.root,)
    if parameters.FILE.is_file():
        source = parameters.load("dataset").sequences
        if sources.built_in(source) and Path(source).is_dir():
            return (Path(source),)
    raise InputError(
        f"no {listing.setting} is set, so nothing says where {benchmark} is",
        do=f"Give its folder: --root FOLDER, or: python -m pipelines settings --set {listing.setting}=FOLDER",
        reason="missing root",
    )
