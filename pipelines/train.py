"""Train the Siamese network on pairs of crops: weights, curves and pictures.

A killed run goes on from its last checkpoint (models/checkpoints) and ends with the same weights. Under
`torchrun` the processes share every batch: `torchrun --nproc-per-node 2 -m pipelines train`.
"""

from __future__ import annotations

import argparse
import os
import subprocess

from curation.files import write_json
from pipelines import paths, settings
from pipelines.guard import Run
from training.configuration import Inputs, Outputs, Runtime
from training.device import pick_device
from training.distributed import join
from training.loop import train

CODE = ("curation", "training", "pipelines")
"""Folders whose last commit is the revision recorded in the weights: another README gives the same bytes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults()


def run(options: argparse.Namespace, stage: Run) -> None:
    del options
    records = stage.output(paths.REPORTS / "train")
    with join(pick_device(settings.load().device)) as group:
        report = train(
            stage.load("train"),
            imdb_files(),
            Outputs(
                weights=stage.output(paths.WEIGHTS),
                records=records,
                checkpoints=paths.CHECKPOINTS,
                progress=paths.REPORTS / "train",
            ),
            runtime(),
            group,
            check=stage.check,
        )
        if group.main:
            write_json(records / "train.json", report)


def imdb_files() -> Inputs:
    """What a training reads: the imdb stage's files and the crop stage's shards."""
    return Inputs(
        train=paths.IMDB / "imdb_video_train.json",
        validation=paths.IMDB / "imdb_video_val.json",
        crops=paths.CROPS,
    )


def runtime() -> Runtime:
    """How a training runs, by the settings, and the revision of the code to record."""
    chosen = settings.load()
    return Runtime(device=chosen.device, workers=_loaders(chosen.jobs), revision=_revision())


def _loaders(jobs: int) -> int:
    """Loader processes: as many as jobs, at most 8; none where there is one core."""
    count = (os.cpu_count() or 1) if jobs == -1 else jobs
    return 0 if count == 1 else min(count, 8)


def _revision() -> str:
    """The last commit that touched the code, with `-dirty` where the code has changes; empty outside git."""
    commit, changes = (
        subprocess.run(
            ["git", *words, "--", *CODE], capture_output=True, text=True, check=False
        ).stdout.strip()
        for words in (["log", "-1", "--format=%H"], ["status", "--porcelain"])
    )
    return f"{commit}-dirty" if changes else commit
