"""Shared parts of `study` and `ablation`: typed options, and trackers run on chosen sequences."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter, ValidationError

from curation.documents.document import Fields
from curation.errors import InputError
from pipelines import parameters, paths, settings, sources
from training.benchmark.sequences.sequence_list import one_pass_names

if TYPE_CHECKING:
    from training.tracking.run.benchmark_run import Contender


def add_arguments(
    parser: argparse.ArgumentParser, *, seeds: int, benchmarks: Sequence[str], number: str, out: Path
) -> None:
    """The options of every study: number of runs, benchmarks, output folder."""
    parser.add_argument("--seeds", type=int, default=seeds, help="runs of each form (%(default)s)")
    parser.add_argument(
        "--benchmarks",
        nargs=number,
        choices=one_pass_names(),
        default=list(benchmarks),
        metavar="BENCHMARK",
        help="benchmarks to track, of %(choices)s (%(default)s)",
    )
    parser.add_argument("--out", type=Path, default=out, metavar="FOLDER", help="(%(default)s)")


def configured(kind: type, command: str, **options: Any) -> Any:
    """A command's options as their dataclass; `InputError` names the first wrong one."""
    try:
        return TypeAdapter(kind).validate_json(orjson.dumps(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            f"{command}: {first['loc'][0] if first['loc'] else 'losses'}: {first['msg']}",
            do=f"See: python -m pipelines {command} --help",
            reason="bad parameter",
        ) from None


class Trials:
    """The sequences of some benchmarks, opened at the start, so that a missing folder shows before hours of work.

    Parameters
    ----------
    benchmarks : sequence of str
    scratch : Path
        Folder for the result files of one run.
    only : sequence of str, optional
        Names of the sequences to take; all that are here.

    Raises
    ------
    InputError
        If a benchmark's folder is not set or not there, or it lacks a sequence; or as `parameters.check_recipes`.
    """

    def __init__(self, benchmarks: Sequence[str], scratch: Path, only: Sequence[str] | None = None) -> None:
        # Here, as they need OpenCV and torch, and a help does not.
        from curation.documents.manifest_record import load_manifest
        from training.benchmark.sequences.benchmark_loader import load_benchmark

        self.settings, self.scratch = settings.load(), scratch
        parameters.check_recipes({"track": parameters.load("track")})  # what is tracked is kept under it
        dataset = parameters.load("dataset")
        self.opened = []
        for name in benchmarks:
            whole = load_benchmark(name, sources.needed_sequence_roots(dataset, self.settings, name))
            wanted = [one for one in whole.sequences if only is None or one.name in only]
            self.opened.append((replace(whole, sequences=wanted), load_manifest(paths.manifest(name))))
        self.names = list(
            dict.fromkeys(one.name for benchmark, _ in self.opened for one in benchmark.sequences)
        )
        unknown = sorted(set(only or ()) - set(self.names))
        if unknown or not self.names:
            raise InputError(
                f"{', '.join(benchmarks)}: no sequence {', '.join(unknown) or 'is here'}",
                do="Name sequences as the benchmark's list does, or set its root",
                reason="missing sequence",
            )

    def scores(
        self, contenders: Sequence[Contender], only: Sequence[str] | None = None
    ) -> dict[str, dict[str, Fields]]:
        """Track and score: tracker -> sequence -> number. What was tracked before comes from data/.store."""
        from training.benchmark.score import score_benchmark
        from training.tracking.run.benchmark_run import run_benchmark

        found: dict[str, dict[str, Fields]] = {one.name: {} for one in contenders}
        for benchmark, manifest in self.opened:
            part = replace(
                benchmark, sequences=[s for s in benchmark.sequences if only is None or s.name in only]
            )
            if not part.sequences:
                continue
            shutil.rmtree(self.scratch, ignore_errors=True)
            run_benchmark(
                part,
                contenders,
                manifest=manifest,
                out=self.scratch,
                store=paths.STORE / "results",
                state=paths.STATE,
                workers=self.settings.workers,
            )
            for name, entry in score_benchmark(part, self.scratch).trackers.items():
                found[name] |= {one: numbers.values for one, numbers in entry.sequences.items()}
        return found
