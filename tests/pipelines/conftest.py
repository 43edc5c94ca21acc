"""Small clones that tests of remotes and faults copy."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.commands import STAGES
from tests.pipelines.clone import Clone, make_clone
from tests.pipelines.team import STAGES as CURATION_STAGES
from tests.pipelines.team import commit, raw_videos, team_clone


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Clone]) -> Clone:
    """What `make` makes in an empty folder, made by the first of the test processes that asks for it."""
    here = factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = folder / "clone.json"
        if not known.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            clone = make(folder)
            known.write_text(json.dumps([str(clone.folder), clone.environment]))
        place, environment = json.loads(known.read_text())
        return Clone(Path(place), environment)


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which `dvc repro imdb` has run on four videos outside it; do not change it: `copy_of` it."""

    def make(folder: Path) -> Clone:
        clone = team_clone(folder / "clone", raw_videos(folder / "raw"), *SMALL)
        (clone.folder / "dvc.lock").unlink(missing_ok=True)  # it is of the built-in pipeline
        shutil.rmtree(clone.folder / "reports", ignore_errors=True)
        assert clone.repro("imdb").ran == CURATION_STAGES | {"manifest"}
        commit(clone, "-A")
        return clone

    return made_once(tmp_path_factory, "curated", make)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which everything has run once, with tiny parameters; do not change it: `copy_of` it."""

    def make(folder: Path) -> Clone:
        clone = make_clone(folder / "päth with space")
        first = clone.repro()
        assert {name.split("@")[0] for name in first.ran} == set(STAGES)
        return clone

    return made_once(tmp_path_factory, "built", make)


SMALL = ("imdb.val_fraction=0.5", "train.epochs=1", "train.pairs.per_epoch=16", "train.validation_pairs=4")
