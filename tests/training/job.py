"""A training run in a process of its own, which can be told to die: `python -m tests.training.job SPEC`.

SPEC is JSON: `folder` (of fabricated inputs), `out`, `config`, `die` ({rank: step} at which a process kills
itself), `checkpoint_seconds`, `device` (the CPU if it is left out). An InputError ends it with status 1 and one line,
as the stage's shell does.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path

import orjson
import torch
from pydantic import TypeAdapter

from curation.errors import InputError
from training.batches.batch import PairBatch
from training.trainer import loop
from training.trainer.distributed import join


def main(spec: dict[str, object]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folder, out = Path(str(spec["folder"])), Path(str(spec["out"]))
    config = TypeAdapter(loop.TrainConfig).validate_json(orjson.dumps(spec["config"]))
    device = str(spec.get("device", "cpu"))
    with join(torch.device(device)) as group:
        die = dict(spec["die"]).get(str(group.rank))  # type: ignore[call-overload]
        advance = loop._Run._advance

        def advance_or_die(run: loop._Run, batch: PairBatch) -> None:
            if run.step == die:
                os.kill(os.getpid(), signal.SIGKILL)
            advance(run, batch)

        loop._Run._advance = advance_or_die  # type: ignore[method-assign]
        loop.train(
            config,
            loop.Inputs(
                train=folder / "imdb_video_train.json",
                validation=folder / "imdb_video_val.json",
                crops=folder / "crops",
            ),
            loop.Outputs(
                weights=out / "weights.safetensors", records=out / "records", checkpoints=out / "checkpoints"
            ),
            loop.Runtime(device=device, threads=1, checkpoint_seconds=float(str(spec["checkpoint_seconds"]))),
            group,
        )


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except InputError as error:
        sys.exit(str(error))
