"""Fixtures for tests of training: crops on disk, and a run small enough to repeat often."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.fabricate import CROP, fabricate
from training.batches.pairs import PairConfig
from training.network.network_config import NetworkConfig
from training.trainer.loop import Inputs, Outputs, TrainConfig


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Four training videos and two for validation; read, never changed."""
    root = tmp_path_factory.mktemp("crops")
    return Inputs(
        train=fabricate(root, "train", videos=4),
        validation=fabricate(root, "val", videos=2, seed=1),
        crops=root / "crops",
    )


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tests run two at a time; torch's threads would only wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(
        weights=tmp_path / "out" / "weights.safetensors",
        records=tmp_path / "out" / "records",
        checkpoints=tmp_path / "checkpoints",
    )


@pytest.fixture(scope="session")
def small() -> TrainConfig:
    """Two epochs of three steps of four pairs, on the fabricated crops; under a second."""
    return TrainConfig(
        network=NetworkConfig(width=0.05),
        pairs=PairConfig(per_epoch=12, search_size=CROP - 8),
        epochs=2,
        batch=4,
        validation_pairs=4,
        picture_every=2,
    )
