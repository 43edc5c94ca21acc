"""Compare two trackers, or two runs, sequence by sequence, with paired bootstrap intervals.

    python -m pipelines compare siamese template
    python -m pipelines compare siamese siamese --scores before.json reports/score/scores.json
Scores come from the last run, or from files of `evaluate --json`. No difference is shown where the interval
contains 0, or where there are fewer than five sequences.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from curation.documents.document import Fields
from curation.errors import InputError
from curation.rows import unknown_name
from pipelines import paths
from training.benchmark.scores.comparison import FEWEST, compare
from training.benchmark.scores.score_document import Scores
from training.benchmark.scores.score_file import load_scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", help="tracker")
    parser.add_argument("second", help="tracker")
    parser.add_argument(
        "--scores",
        type=Path,
        nargs="+",
        default=[paths.SCORES],
        metavar="FILE",
        help="one file, or one for each",
    )
    parser.add_argument("--benchmark", help="one benchmark (all that both files hold)")
    parser.add_argument("--sequences", action="store_true", help="list every sequence")


def run(options: argparse.Namespace) -> None:
    if len(options.scores) > 2:
        raise InputError(
            "--scores takes one file or two", do="Name one file for both trackers, or one for each"
        )
    first, second = (_scores(file) for file in (options.scores[0], options.scores[-1]))
    common = [name for name in first if name in second]
    if options.benchmark and options.benchmark not in common:
        raise unknown_name("benchmark in the scores", options.benchmark, common)
    if options.benchmark:
        common = [options.benchmark]
    if not common:
        raise InputError(
            f"{options.scores[0]} and {options.scores[-1]} share no benchmark",
            do=f"They hold {', '.join(first)} and {', '.join(second)}",
        )
    for name in common:
        found = compare(first[name], second[name], (options.first, options.second))
        sys.stdout.write(f"{_table(found, listed=options.sequences)}\n")


def _scores(file: Path) -> dict[str, Scores]:
    if file != paths.SCORES and not file.is_file():
        raise InputError(f"there is no file {file}", do="Write it: evaluate ... --json FILE")
    return load_scores(file)


def _table(found: Fields, *, listed: bool) -> str:
    level = f"{found['level']:.0%}"
    few = len(found["sequences"]) < FEWEST
    lines = [
        f"{found['title']}, protocol {found['protocol']}, {len(found['sequences'])} sequences",
        f"  {'':<14}{found['first']:>12}{found['second']:>12}{'difference':>12}   {level} interval",
    ]
    for metric, numbers in found["metrics"].items():
        interval = f"[{numbers['low']:+.4f}, {numbers['high']:+.4f}]"
        verdict = "" if numbers["significant"] else "   no difference shown"
        if few:
            interval, verdict = "", f"   fewer than {FEWEST} sequences show no difference"
        lines.append(f"  {metric:<14}{_columns(numbers)}   {interval}{verdict}")
    if listed:
        metric = next(iter(next(iter(found["sequences"].values()))))
        lines.append(f"  {metric} of each sequence, the worst for {found['second']} first")
        for name, entry in sorted(found["sequences"].items(), key=lambda item: item[1][metric]["difference"]):
            lines.append(f"  {name:<14}{_columns(entry[metric])}")
    for side in ("first", "second"):
        if alone := found[f"only_{side}"]:
            lines.append(f"  only {found[side]} has: {', '.join(alone)}")
    return "\n".join(lines) + "\n"


def _columns(numbers: dict[str, float]) -> str:
    return f"{numbers['first']:>12.4f}{numbers['second']:>12.4f}{numbers['difference']:>+12.4f}"
