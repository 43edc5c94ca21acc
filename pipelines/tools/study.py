"""Compare losses: the same training with each and several seeds; one table, one plot.

    python -m pipelines study
    python -m pipelines study --losses l2 shrinkage --epochs 8 --seeds 5
Trains as params.yaml says, but for loss, learning rate and seed. Every loss is first tried with each of
--rates, with a seed of its own; the rate with the smallest validation centre error trains the seeds that are
compared. Stop it at will: finished runs are reused, and the one that was stopped goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from curation.files import write_json
from pipelines import parameters, paths, settings, trials
from training.benchmark.sequences.sequence_list import one_pass_names
from training.losses import LOSSES
from training.studies.loss_study import StudyConfig, loss_study, study_table

DEFAULTS = StudyConfig()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(LOSSES)
    parser.add_argument("--losses", nargs="+", default=list(DEFAULTS.losses), metavar="LOSS", help=known)
    parser.add_argument(
        "--rates",
        nargs="*",
        type=float,
        default=list(DEFAULTS.rates),
        metavar="RATE",
        help="learning rates tried for each loss (%(default)s); none: that of params.yaml",
    )
    parser.add_argument("--epochs", type=int, help="instead of train.epochs")
    trials.add_arguments(
        parser,
        seeds=DEFAULTS.seeds,
        benchmarks=one_pass_names(whole=True),
        number="*",
        out=paths.MODELS / "study",
    )


def run(options: argparse.Namespace) -> None:
    from pipelines.train import imdb_files, runtime
    from training.device import pick_device
    from training.tracking.contenders import contenders
    from training.trainer.rounding import pin

    config = parameters.load("train")
    if config.precision.portable:
        pin()
    if options.epochs is not None:
        config = parameters.build(
            "train", {**parameters.read()["train"], "epochs": options.epochs}, "--epochs"
        )
    study = trials.configured(
        StudyConfig, "study", losses=options.losses, seeds=options.seeds, rates=options.rates
    )
    tracked = trials.Trials(options.benchmarks, options.out / "results") if options.benchmarks else None
    track = replace(parameters.load("track"), trackers=("siamese",))

    def evaluate(weights: Path) -> float:
        """Success AUC, the mean over all sequences."""
        assert tracked is not None
        device = str(pick_device(tracked.settings.device))
        with settings.cluster(tracked.settings):
            found = tracked.scores(contenders(track, weights=weights, device=device))
        return fmean(numbers["auc"] for numbers in found["siamese"].values())

    report = loss_study(
        study,
        replace(config, picture_every=0),
        imdb_files(),
        options.out,
        runtime=runtime(),
        evaluate=evaluate if tracked else None,
    )
    write_json(options.out / "study.json", {"schema": 1, "benchmarks": options.benchmarks, **report})
    table = study_table(report["summary"])
    sys.stdout.write(f"{table}\n\nrows in {options.out}/study.json, plot in {options.out}/study.png\n")
