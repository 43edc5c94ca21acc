"""Compare forms of the online tracker: losses x residual connections x online update, several seeds.

    python -m pipelines ablation
    python -m pipelines ablation --losses shrinkage l2 --residual both --update yes --sequences Couple David
Tracks the sequences of --benchmarks with the online tracker of params.yaml in every form; each loss's learning rates
are tuned first, for every sequence on the others (--factors). Prints a table, and writes it with the plot and all runs
to --out. Stop it at will: sequences that a form has been through are kept in data/.store.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from curation.files import write_bytes, write_json
from pipelines import parameters, paths, settings, trials
from training.losses import REGRESSION
from training.studies.ablation import AblationConfig, Residual, Scores, ablate, ablation_plot, ablation_table

if TYPE_CHECKING:
    from training.tracking.online.online_config import OnlineConfig
    from training.tracking.track_config import TrackConfig

DEFAULTS = AblationConfig()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--losses", nargs="+", choices=list(REGRESSION), default=list(DEFAULTS.losses))
    parser.add_argument("--residual", nargs="+", choices=get_args(Residual), default=list(DEFAULTS.residual))
    parser.add_argument("--update", nargs="+", choices=("yes", "no"), default=["yes", "no"])
    parser.add_argument(
        "--factors",
        nargs="+",
        type=float,
        default=list(DEFAULTS.factors),
        metavar="FACTOR",
        help="factors on the learning rates, tried for each loss (%(default)s); with one there is no tuning",
    )
    parser.add_argument(
        "--sequences", nargs="+", metavar="NAME", help="sequences to track (default: all that are here)"
    )
    trials.add_arguments(
        parser,
        seeds=DEFAULTS.seeds,
        benchmarks=["otb2015"],
        number="+",
        out=paths.REPORTS / "ablation",
    )


def run(options: argparse.Namespace) -> None:
    from training.device import pick_device
    from training.tracking.contenders import online_contenders

    config = trials.configured(
        AblationConfig,
        "ablation",
        losses=options.losses,
        residual=options.residual,
        update=[word == "yes" for word in options.update],
        seeds=options.seeds,
        factors=options.factors,
    )
    track: TrackConfig = parameters.load("track")
    tracked = trials.Trials(options.benchmarks, paths.STATE / "ablation", options.sequences)
    chosen = tracked.settings

    def track_and_score(forms: Mapping[str, OnlineConfig], sequences: Sequence[str]) -> Scores:
        made = online_contenders(
            track,
            forms,
            weights=paths.WEIGHTS,
            backbone=chosen.backbone_file,
            device=str(pick_device(chosen.device)),
        )
        return tracked.scores(made, sequences)

    with settings.cluster(chosen):
        report = ablate(config, track.online, tracked.names, track_and_score)
    table = ablation_table(report)
    document = {"schema": 1, "sequences": tracked.names, "backbone": track.backbone.name, **report}
    write_json(options.out / "ablation.json", document)
    write_bytes(options.out / "ablation.md", f"{table}\n".encode())
    ablation_plot(options.out / "ablation.png", report)
    sys.stdout.write(f"{table}\n\n{len(tracked.names)} sequences; runs and plot in {options.out}\n")
