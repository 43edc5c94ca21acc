"""Compare forms of the online tracker: losses x residual connections x online update, several seeds.

    python -m pipelines ablation
    python -m pipelines ablation --losses shrinkage l2 --residual both --update yes --sequences Couple David
Tracks the sequences of --benchmarks with the online tracker of params.yaml in every form; each loss's learning rates
are tuned first, for every sequence on the others (--factors). Prints a table, and writes it with the plot and all runs
to --out. Stop it at will: sequences that a form has been through are kept in data/.store.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import orjson
from pydantic import TypeAdapter, ValidationError

from curation.errors import InputError
from curation.files import write_bytes, write_json
from curation.manifest import load_manifest
from pipelines import parameters, paths, settings, sources
from training.benchmark.score import score_benchmark
from training.benchmark.sequences import load_benchmark
from training.device import pick_device
from training.losses import REGRESSION
from training.tracking.contenders import TrackConfig, online_contenders
from training.tracking.online.ablation import AblationConfig, Residual, Run, Scores, ablate
from training.tracking.online.ablation_report import ablation_plot, ablation_table
from training.tracking.online.tracker import OnlineConfig
from training.tracking.run import run_benchmark

BENCHMARKS = ("otb2013", "otb50", "otb2015", "tc128", "uav123")

DEFAULTS = AblationConfig()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--losses", nargs="+", choices=list(REGRESSION), default=list(DEFAULTS.losses))
    parser.add_argument("--residual", nargs="+", choices=get_args(Residual), default=list(DEFAULTS.residual))
    parser.add_argument("--update", nargs="+", choices=("yes", "no"), default=["yes", "no"])
    parser.add_argument("--seeds", type=int, default=DEFAULTS.seeds, help="runs of each form (%(default)s)")
    parser.add_argument(
        "--factors",
        nargs="+",
        type=float,
        default=list(DEFAULTS.factors),
        metavar="FACTOR",
        help="on the learning rates, tried for each loss (%(default)s); one: no tuning",
    )
    parser.add_argument(
        "--benchmarks", nargs="+", choices=BENCHMARKS, default=["otb2015"], help="whose sequences (otb2015)"
    )
    parser.add_argument("--sequences", nargs="+", metavar="NAME", help="which of them (all that are here)")
    parser.add_argument(
        "--out", type=Path, default=paths.REPORTS / "ablation", metavar="FOLDER", help="(%(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    config = _config(options)
    track: TrackConfig = parameters.load("track")
    runtime = settings.load()
    with settings.cluster(runtime):
        track_and_score, names = _runner(options, track, runtime)
        report = ablate(config, track.online, names, track_and_score)
    table = ablation_table(report)
    document = {"schema": 1, "sequences": names, "backbone": track.backbone.name, **report}
    write_json(options.out / "ablation.json", document)
    write_bytes(options.out / "ablation.md", f"{table}\n".encode())
    ablation_plot(options.out / "ablation.png", report)
    sys.stdout.write(f"{table}\n\n{len(names)} sequences; runs and plot in {options.out}\n")


def _config(options: argparse.Namespace) -> AblationConfig:
    chosen = {
        "losses": options.losses,
        "residual": options.residual,
        "update": [word == "yes" for word in options.update],
        "seeds": options.seeds,
        "factors": options.factors,
    }
    try:
        return TypeAdapter(AblationConfig).validate_json(orjson.dumps(chosen))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            f"ablation: {first['loc'][0]}: {first['msg']}",
            do="See: python -m pipelines ablation --help",
            reason="bad parameter",
        ) from None


def _runner(
    options: argparse.Namespace, track: TrackConfig, runtime: settings.Settings
) -> tuple[Run, list[str]]:
    """What tracks and scores, and the names of the sequences that are here."""
    dataset = parameters.load("dataset")
    opened = []
    for name in options.benchmarks:
        benchmark = load_benchmark(name, sources.needed_sequence_roots(dataset, runtime, name))
        wanted = [s for s in benchmark.sequences if options.sequences is None or s.name in options.sequences]
        opened.append((replace(benchmark, sequences=wanted), load_manifest(paths.manifest(name))))
    names = list(dict.fromkeys(s.name for benchmark, _ in opened for s in benchmark.sequences))
    unknown = sorted(set(options.sequences or ()) - set(names))
    if unknown or not names:
        raise InputError(
            f"{', '.join(options.benchmarks)}: no sequence {', '.join(unknown) or 'is here'}",
            do="Name sequences as the benchmark's list does, or set its root",
            reason="missing sequence",
        )
    scratch = paths.DATA / ".state" / "ablation"

    def track_and_score(forms: Mapping[str, OnlineConfig], chosen: Sequence[str]) -> Scores:
        made = online_contenders(
            track,
            forms,
            weights=paths.WEIGHTS,
            backbone=runtime.backbone_file,
            device=str(pick_device(runtime.device)),
        )
        found: dict[str, dict[str, Mapping[str, float]]] = {name: {} for name in forms}
        for benchmark, manifest in opened:
            part = replace(benchmark, sequences=[s for s in benchmark.sequences if s.name in chosen])
            if not part.sequences:
                continue
            shutil.rmtree(scratch, ignore_errors=True)
            run_benchmark(
                part,
                made,
                manifest=manifest,
                out=scratch,
                store=paths.STORE / "results",
                state=paths.STATE,
                workers=runtime.workers,
            )
            for name, entry in score_benchmark(part, scratch)["trackers"].items():
                found[name] |= entry["sequences"]
        return found

    return track_and_score, names
