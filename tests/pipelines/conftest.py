"""A small curated clone that tests of remotes and faults copy."""

from __future__ import annotations

import shutil

import pytest

from pipelines.commands import STAGES
from tests.pipelines.clone import Clone, make_clone
from tests.pipelines.team import STAGES as CURATION_STAGES
from tests.pipelines.team import commit, raw_videos, team_clone


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which `dvc repro imdb` has run on four videos outside it; do not change it: `copy_of` it."""
    folder = tmp_path_factory.mktemp("curated")
    clone = team_clone(folder / "clone", raw_videos(folder / "raw"), *SMALL)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)  # it is of the built-in pipeline
    shutil.rmtree(clone.folder / "reports", ignore_errors=True)
    assert clone.repro("imdb").ran == CURATION_STAGES | {"manifest"}
    commit(clone, "-A")
    return clone


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which everything has run once, with tiny parameters; do not change it: `copy_of` it."""
    clone = make_clone(tmp_path_factory.mktemp("built") / "päth with space")
    first = clone.repro()
    assert {name.split("@")[0] for name in first.ran} == set(STAGES)
    return clone


SMALL = ("imdb.val_fraction=0.5", "train.epochs=1", "train.pairs.per_epoch=16", "train.validation_pairs=4")
