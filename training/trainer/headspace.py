"""The loader's share of the time of a training: how much faster it would be if batches cost nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from training.batches.batch import PairBatch
from training.batches.network_input import move
from training.batches.pair_loader import load_batches
from training.trainer.configuration import Inputs, Runtime, TrainConfig
from training.trainer.distributed import Group
from training.trainer.learner import Learner
from training.trainer.preparation import computing, prepare

WARM = 4
"""Steps before the clock starts: the first ones choose algorithms, and loader workers start."""

STEPS = 40
"""Steps that are timed."""


@dataclass(frozen=True)
class Headspace:
    """What was measured.

    Attributes
    ----------
    fed, served : float
        Pairs a second with batches from the loader, and with the same batches served again from memory.
    workers : int
        Of the loader.
    device : str
    """

    fed: float
    served: float
    workers: int
    device: str

    @property
    def share(self) -> float:
        """The loader's share of the time of a step, 0 to 1."""
        return max(0.0, 1 - self.fed / self.served)


def measure_headspace(
    config: TrainConfig, inputs: Inputs, runtime: Runtime, *, steps: int = STEPS
) -> Headspace:
    """Train twice for some steps as `training.trainer.loop.train` does, and write nothing; errors as there.

    Parameters
    ----------
    steps : int
        Timed steps; an epoch's at most.
    """
    with computing(config, runtime):
        ready = prepare(config, inputs, runtime, Group())
        learner = ready.learner
        pinned = learner.device.type == "cuda"
        numbers = range(min(WARM + steps, ready.steps * config.epochs))
        kept: list[PairBatch] = []

        def fresh() -> Iterable[PairBatch]:
            for batch in load_batches(ready.train_pairs, numbers, workers=runtime.workers, pin_memory=pinned):
                kept.append(batch)
                yield batch

        return Headspace(
            fed=_pairs_a_second(learner, fresh(), len(numbers)),
            served=_pairs_a_second(learner, kept, len(numbers)),
            workers=runtime.workers,
            device=str(learner.device),
        )


def _pairs_a_second(learner: Learner, batches: Iterable[PairBatch], count: int) -> float:
    warm = min(WARM, count - 1)
    pairs, started, loss = 0, time.perf_counter(), None
    for number, batch in enumerate(batches):
        if number == warm:
            if loss is not None:
                loss.item()  # a GPU is waited for
            started = time.perf_counter()
        loss, _ = learner.step(move(batch, learner.device), 0.0)
        pairs += len(batch.exemplar) if number >= warm else 0
    if loss is not None:
        loss.item()
    return pairs / max(time.perf_counter() - started, 1e-9)
