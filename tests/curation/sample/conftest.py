"""The built-in dataset, small and whole, generated once for this folder's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from curation.sample.training_set import generate_vid

ONE = Workers(jobs=1)


@pytest.fixture(scope="session")
def tiny() -> SampleConfig:
    """The configuration that other people's tests are told to use."""
    return SampleConfig(videos_per_subset=1, frames=6, sequence_frames=8)


@pytest.fixture(scope="session")
def default_vid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """The VID tree under the default parameters, and the counts that were returned with it."""
    root = tmp_path_factory.mktemp("vid")
    return root, generate_vid(root, SampleConfig(), ONE)


@pytest.fixture(scope="session")
def default_sequences(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """The sequences under the default parameters, and their counts."""
    root = tmp_path_factory.mktemp("sequences")
    return root, generate_sequences(root, SampleConfig(), ONE)
