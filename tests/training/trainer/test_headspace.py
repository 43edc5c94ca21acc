"""How fast the steps of a training could be with batches that cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.batches.batch import PairBatch
from training.trainer import headspace
from training.trainer.configuration import Inputs, Runtime, TrainConfig
from training.trainer.headspace import measure_headspace
from training.trainer.learner import Learner


class Clock:
    """Seconds pass only where a test says so."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


def test_what_the_loader_takes_is_measured(
    inputs: Inputs, small: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, load, step = Clock(), headspace.load_batches, Learner.step

    def loaded(*arguments: Any, **options: Any) -> Iterator[PairBatch]:
        for batch in load(*arguments, **options):
            clock.now += 3
            yield batch

    def stepped(*arguments: Any) -> Any:
        clock.now += 1
        return step(*arguments)

    monkeypatch.setattr(headspace, "time", clock)
    monkeypatch.setattr(headspace, "load_batches", loaded)
    monkeypatch.setattr(Learner, "step", stepped)
    found = measure_headspace(replace(small, epochs=4), inputs, Runtime(device="cpu", workers=0), steps=6)
    assert found.served == small.batch
    assert found.fed == pytest.approx(small.batch * 6 / (6 + 5 * 3), rel=0.2)
    assert found.share == 1 - found.fed / found.served


def test_nothing_is_written(inputs: Inputs, small: TrainConfig, tmp_path: Path) -> None:
    there = sorted(path for path in inputs.train.parent.rglob("*"))
    measure_headspace(small, inputs, Runtime(device="cpu", workers=0), steps=1)
    assert sorted(path for path in inputs.train.parent.rglob("*")) == there
