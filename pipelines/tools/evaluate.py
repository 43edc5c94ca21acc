"""Score anybody's result files on a benchmark, without running the pipeline.

The format of the files is recognised: OTB text, OTB .mat, got10k, pysot, pytracking, jwlim, VOT.
    python -m pipelines evaluate otb2015 results/ --root /data/OTB --protocol got10k
Sequences come from --root, or from the settings; one-pass evaluation needs their annotation only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from curation.files import write_json
from pipelines import settings
from training.benchmark.listing import BENCHMARKS
from training.benchmark.report.summary import summary_table
from training.benchmark.score import score_benchmark
from training.benchmark.sequences import Benchmark, load_benchmark


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_benchmark(parser)
    parser.add_argument(
        "results", type=Path, help="folder with one folder a tracker, or a toolkit's own tree"
    )
    parser.add_argument("trackers", nargs="*", help="which trackers (all)")
    parser.add_argument("--protocol", default="matlab", help="matlab (published numbers), got10k or pysot")
    parser.add_argument(
        "--year", default="vot2016", help="VOT: whose interval EAO averages over, vot2015..vot2019"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the full scores there")


def add_benchmark(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a benchmark and its sequences; `open_benchmark` reads them."""
    parser.add_argument("benchmark", choices=(*BENCHMARKS, "otb50"), help="whose sequences")
    parser.add_argument(
        "--root", type=Path, nargs="+", help="folders of sequences or annotation files (the settings' own)"
    )


def open_benchmark(options: argparse.Namespace) -> Benchmark:
    """The benchmark that the command line names; only VOT needs its images, for their size.

    Raises
    ------
    InputError
        As `load_benchmark`; also if no root is given or set.
    """
    roots = options.root or settings.load().needed_roots(options.benchmark)
    return load_benchmark(options.benchmark, roots, images=options.benchmark.startswith("vot"))


def run(options: argparse.Namespace) -> None:
    document = score_benchmark(
        open_benchmark(options),
        options.results,
        options.trackers or None,
        protocol=options.protocol,
        year=options.year,
    )
    if options.json:
        write_json(options.json, document)
    sys.stdout.write(f"{summary_table({options.benchmark: document}, trained='')}\n")
