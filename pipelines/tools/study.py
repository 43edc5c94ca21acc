"""Compare losses: the same training with each and several seeds; one table, one plot.

    python -m pipelines study
    python -m pipelines study --losses l2 shrinkage --epochs 8 --seeds 5
Trains as params.yaml says, but for loss, learning rate and seed. Every loss is first tried with each of
--rates, with a seed of its own; the rate with the least validation centre error trains the seeds that are
compared. Stop it at will: finished runs are reused, and the one that was stopped goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from curation.errors import InputError
from curation.files import write_json
from curation.manifest import load_manifest
from pipelines import parameters, paths, settings, sources
from pipelines.train import imdb_files, runtime
from training.benchmark.score import score_benchmark
from training.benchmark.sequences import load_benchmark
from training.device import pick_device
from training.losses import LOSSES
from training.rounding import pin
from training.study import StudyConfig, loss_study, study_table
from training.tracking.contenders import contenders
from training.tracking.run import run_benchmark

BENCHMARKS = ("otb2015", "tc128", "uav123")
"""Whose sequences are tracked: one-pass benchmarks that share none."""

DEFAULTS = StudyConfig()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(LOSSES)
    parser.add_argument("--losses", nargs="+", default=list(DEFAULTS.losses), metavar="LOSS", help=known)
    parser.add_argument("--seeds", type=int, default=DEFAULTS.seeds, help="runs of each loss (%(default)s)")
    parser.add_argument(
        "--rates",
        nargs="*",
        type=float,
        default=list(DEFAULTS.rates),
        metavar="RATE",
        help="learning rates tried for each loss (%(default)s); none: that of params.yaml",
    )
    parser.add_argument("--epochs", type=int, help="instead of train.epochs")
    parser.add_argument(
        "--benchmarks",
        nargs="*",
        choices=BENCHMARKS,
        default=list(BENCHMARKS),
        metavar="BENCHMARK",
        help="whose sequences are tracked (%(default)s); none: no tracking",
    )
    parser.add_argument(
        "--out", type=Path, default=paths.MODELS / "study", metavar="FOLDER", help="(%(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    config = parameters.load("train")
    if config.precision.portable:
        pin()
    if options.epochs is not None:
        config = parameters.build(
            "train", {**parameters.read()["train"], "epochs": options.epochs}, "--epochs"
        )
    report = loss_study(
        _study(options),
        replace(config, picture_every=0),
        imdb_files(),
        options.out,
        runtime=runtime(),
        evaluate=_tracking(options.benchmarks, options.out) if options.benchmarks else None,
    )
    table = study_table(report["summary"])
    write_json(options.out / "study.json", {"schema": 1, "benchmarks": options.benchmarks, **report})
    sys.stdout.write(f"{table}\n\nrows in {options.out}/study.json, plot in {options.out}/study.png\n")


def _study(options: argparse.Namespace) -> StudyConfig:
    try:
        chosen = {"losses": options.losses, "seeds": options.seeds, "rates": options.rates}
        return TypeAdapter(StudyConfig).validate_json(orjson.dumps(chosen))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            f"study: {first['loc'][0] if first['loc'] else 'losses'}: {first['msg']}",
            do="See: python -m pipelines study --help",
            reason="bad parameter",
        ) from None


def _tracking(names: Sequence[str], out: Path) -> Callable[[Path], float]:
    """The function from weights to success AUC, the mean over the sequences of all named benchmarks.

    Sequences are opened here, so that a missing folder shows before hours of training.
    """
    chosen = settings.load()
    dataset, config = parameters.load("dataset"), replace(parameters.load("track"), trackers=("siamese",))
    opened = [
        (
            load_benchmark(name, sources.needed_sequence_roots(dataset, chosen, name)),
            load_manifest(paths.manifest(name)),
        )
        for name in names
    ]

    def evaluate(weights: Path) -> float:
        values = []
        with settings.cluster(chosen):
            for benchmark, manifest in opened:
                results = out / "results" / benchmark.name
                shutil.rmtree(results, ignore_errors=True)
                run_benchmark(
                    benchmark,
                    contenders(config, weights=weights, device=str(pick_device(chosen.device))),
                    manifest=manifest,
                    out=results,
                    store=paths.STORE / "results",
                    state=paths.STATE,
                    workers=chosen.workers,
                )
                values += _aucs(score_benchmark(benchmark, results))
        return fmean(values)

    return evaluate


def _aucs(document: dict[str, Any]) -> list[float]:
    return [entry["auc"] for entry in document["trackers"]["siamese"]["sequences"].values()]
