"""Train the Siamese network on pairs of crops: weights, curves and pictures.

A killed run goes on from its last checkpoint (models/checkpoints) and ends with the same weights. Under
`torchrun` the processes share every batch: `torchrun --nproc-per-node 2 -m pipelines train`.
"""

from __future__ import annotations

import argparse
import os
import subprocess

from curation.files import write_json
from pipelines import parameters, paths, settings
from training.distributed import join
from training.loop import Inputs, Outputs, Runtime, train


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--partial", action="store_true", help="train on the shards that are there, counting the rest")


def run(options: argparse.Namespace) -> None:
    runtime = settings.load()
    with join() as group:
        report = train(
            parameters.load("train"),
            Inputs(
                train=paths.IMDB / "imdb_video_train.json",
                validation=paths.IMDB / "imdb_video_val.json",
                crops=paths.CROPS,
            ),
            Outputs(weights=paths.WEIGHTS, records=paths.REPORTS / "train", checkpoints=paths.CHECKPOINTS),
            Runtime(device=runtime.device, workers=_loaders(runtime.jobs), revision=_revision()),
            group,
        )
        if group.main:
            write_json(paths.report("train", "train"), report)


def _loaders(jobs: int) -> int:
    """Loader processes: as many as jobs, at most 8; none where there is one core."""
    count = (os.cpu_count() or 1) if jobs == -1 else jobs
    return 0 if count == 1 else min(count, 8)


def _revision() -> str:
    """Git revision of the working tree, with `-dirty` where it has changes; empty outside git."""
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
