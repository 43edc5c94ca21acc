"""Write or check the archive for a test set's server: GOT-10k test, TrackingNet.

    python -m pipelines submit got10k_test data/results/got10k_test siamese --out siamese.zip
    python -m pipelines submit trackingnet siamese.zip                                        # checks it
It is checked as the server would: every sequence, every row, the first box as given; for GOT-10k the times, which come
from files beside the results or from data/times. Results may be in any format that evaluate reads.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from curation.errors import InputError
from curation.files import read_json
from pipelines import paths
from pipelines.benchmarks import add_benchmark, open_benchmark
from training.benchmark.results.submission import SUBMISSIONS, check_archive, pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser)
    parser.add_argument(
        "results", type=Path, help="folder of results, as for evaluate; or an archive, .zip, to check"
    )
    parser.add_argument("tracker", nargs="?", help="name of the tracker")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the archive goes (<tracker>.zip)")


def run(options: argparse.Namespace) -> None:
    SUBMISSIONS[options.benchmark]  # a benchmark without a server ends here
    benchmark = open_benchmark(options, images=True)
    if options.results.suffix == ".zip":
        runs, archive = check_archive(options.results, benchmark), options.results
    elif options.tracker is None:
        raise InputError("no tracker was named", do="Name it after the folder of results")
    else:
        archive = options.out or Path(f"{options.tracker.replace('/', '_')}.zip")
        seconds = _recorded(options.benchmark, options.tracker)
        runs = pack(options.results, options.tracker, benchmark, archive, seconds=seconds)
    sys.stdout.write(
        f"{archive}: {len(benchmark.sequences)} sequences of {benchmark.title}, repetitions: {runs}; complete\n"
    )


def _recorded(benchmark: str, tracker: str) -> dict[str, np.ndarray]:
    """Seconds per frame by sequence, as the track stage recorded them for a tracker of that name."""
    file = paths.TIMES / f"{benchmark}.json"
    if not file.is_file():
        return {}
    found = read_json(file, made_by="track")["trackers"].get(tracker, {}).get("sequences", {})
    return {name: np.array(times) for name, times in found.items()}
