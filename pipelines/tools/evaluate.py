"""Score anybody's result files on a benchmark, without running the pipeline.

The format of the files is recognised: OTB text, OTB .mat, got10k, pysot, pytracking, jwlim, VOT.
    python -m pipelines evaluate otb2015 results/ --root /data/OTB --protocol got10k
    python -m pipelines evaluate vot2017 results/ SiamFC --root /data/VOT2017 --overlap exact --bounds frame
Sequences come from --root, the settings, or the built-in dataset; their annotation is enough (VOT: and one image).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from curation.files import write_json
from curation.rows import OWN
from pipelines.benchmarks import add_benchmark, open_benchmark
from training.benchmark.overlap.rules import BOUNDS, RULES
from training.benchmark.problems import FolderError
from training.benchmark.report.sheet import score_sheet
from training.benchmark.results.formats.format_table import adopt_formats
from training.benchmark.score import score_benchmark, score_starts
from training.benchmark.scores.eao import EAO_RULES
from training.benchmark.scores.metric_table import adopt_metrics
from training.benchmark.scores.protocols import PROTOCOLS
from training.benchmark.scores.vot_rules import VOT_RULES, rules_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(intermixed=True)  # trackers may be named before and after options
    add_benchmark(parser)
    parser.add_argument(
        "results",
        type=Path,
        help="folder with one folder a tracker, a toolkit's own tree, or a tracker's folder",
    )
    parser.add_argument("trackers", nargs="*", help="trackers to score (default: all)")
    parser.add_argument(
        "--protocol", default="matlab", help=f"{', '.join(PROTOCOLS)} (default: matlab, of published numbers)"
    )
    parser.add_argument(
        "--starts", choices=("tre", "sre"), help="score runs from 20 frames, or from 12 disturbed first boxes"
    )
    parser.add_argument(
        "--year", help=f"VOT: year of EAO's interval of lengths, {', '.join(VOT_RULES)} (the benchmark's own)"
    )
    parser.add_argument("--overlap", help=f"VOT: {', '.join(RULES)} (vot2016; of multistart vot-toolkit)")
    parser.add_argument(
        "--eao", default="matlab", choices=EAO_RULES, help="VOT: how EAO cuts runs (default: matlab)"
    )
    parser.add_argument("--bounds", default="frame-1", help=f"VOT: {', '.join(BOUNDS)} (default: frame-1)")
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help=f"add a metric of your own: {OWN}",
    )
    parser.add_argument(
        "--format", action="append", default=[], metavar="NAME", help=f"also read a format of your own: {OWN}"
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help="also take results that are shorter than their sequence; missing frames count as lost",
    )
    parser.add_argument("--attributes", action="store_true", help="list every attribute (VOT: tag)")
    parser.add_argument("--sequences", action="store_true", help="list every sequence")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the full scores there")


def run(options: argparse.Namespace) -> None:
    adopt_metrics(options.metric)
    adopt_formats(options.format)
    benchmark, trackers = open_benchmark(options), options.trackers or None
    if options.starts:
        scores = score_starts(benchmark, options.results, trackers, options.starts, options.protocol)
    else:
        rules = VOT_RULES[options.year] if options.year else rules_of(benchmark)
        rules = replace(
            rules, overlap=options.overlap or rules.overlap, bounds=options.bounds, eao=options.eao
        )
        scores = score_benchmark(
            benchmark, options.results, trackers, options.protocol, vot=rules, short=options.short
        )
    if options.json:
        write_json(options.json, scores.plain())
    sheet = score_sheet(scores, attributes=options.attributes, sequences=options.sequences)
    sys.stdout.write(f"{sheet}\n")
    if scores.unsound:  # told after the others' scores, and it is no success
        sys.stdout.flush()
        raise FolderError(
            f"{len(scores.unsound)} of {len(scores.unsound) + len(scores.trackers)} trackers are left out",
            [f"{name}: {line}" for name, lines in scores.unsound.items() for line in lines],
        )
