"""Train the Siamese network on pairs of crops: weights, curves and pictures.

A killed run goes on from its last checkpoint (models/checkpoints) and ends with the same weights. Under
`torchrun` the processes share every batch: `torchrun --nproc-per-node 2 -m pipelines train`.
With --headspace it is no stage: it trains for a few steps, writes nothing, and says what the loader costs.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import InputError
from curation.files import write_json
from pipelines import parameters, paths, settings
from pipelines.declaration import Declaration
from pipelines.guard import Run

if TYPE_CHECKING:
    from training.trainer.configuration import Inputs, Runtime

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--headspace",
        action="store_true",
        help="only measure how fast the steps would be with batches that cost nothing",
    )


def by_hand(options: argparse.Namespace) -> bool:
    """Whether this run makes no outputs of the stage."""
    return bool(options.headspace)


def run(options: argparse.Namespace, stage: Run | None = None) -> None:
    del options
    # Here, as these load torch.
    from training.device import pick_device
    from training.trainer.configuration import Outputs
    from training.trainer.distributed import join
    from training.trainer.headspace import measure_headspace
    from training.trainer.loop import train
    from training.trainer.rounding import pin

    config = stage.load("train") if stage else parameters.load("train")
    if stage and config.init:
        _check_followed(Path(config.init), stage.declaration)
    if config.precision.portable:
        pin()  # before anything here asks torch what the processor has
    if stage is None:
        found = measure_headspace(config, imdb_files(), runtime())
        log.info(
            "%s, %d loader workers: %.0f pairs/s; with the same batches served again %.0f pairs/s. "
            "The loader takes %.0f %% of a step",
            found.device,
            found.workers,
            found.fed,
            found.served,
            100 * found.share,
        )
        return
    records = stage.output(paths.REPORTS / "train")
    with join(pick_device(settings.load().device)) as group:
        report = train(
            config,
            imdb_files(),
            Outputs(
                weights=stage.output(paths.WEIGHTS),
                records=records,
                checkpoints=paths.CHECKPOINTS,
                progress=paths.REPORTS / "train",
                origin=stage.output(paths.ORIGIN),
            ),
            runtime(),
            group,
            check=stage.check,
        )
        if group.main:
            write_json(records / "train.json", report)


def _check_followed(init: Path, declaration: Declaration) -> None:
    """Raise `InputError` for first weights whose change DVC would not see, or that the stage itself writes."""
    if init == paths.WEIGHTS:
        raise InputError(
            f"train.init = {init} is the file that train writes",
            do=f"Copy it and name the copy: cp {init} models/first.safetensors",
            reason="bad parameter",
        )
    if declaration.deps and init not in declaration.deps:
        raise InputError(
            f"train.init = {init} is no dependency of train in dvc.yaml, so DVC would not see it change",
            do=f"Add the line `- {init}` to stages: train: deps: of dvc.yaml",
            reason="bad parameter",
        )


def imdb_files() -> Inputs:
    """What a training reads: the imdb stage's files and the crop stage's shards."""
    from training.trainer.configuration import Inputs

    return Inputs(
        train=paths.IMDB / "imdb_video_train.json",
        validation=paths.IMDB / "imdb_video_val.json",
        crops=paths.CROPS,
    )


def runtime() -> Runtime:
    """How a training runs, by the settings, and what on."""
    from pipelines.environment import environment  # it loads the libraries whose versions it tells
    from training.trainer.configuration import Runtime

    chosen = settings.load()
    return Runtime(device=chosen.device, workers=_loaders(chosen.jobs), environment=environment())


def _loaders(jobs: int) -> int:
    """Loader processes: as many as jobs, at most 8; none where there is one core."""
    count = (os.cpu_count() or 1) if jobs == -1 else jobs
    return 0 if count == 1 else min(count, 8)
