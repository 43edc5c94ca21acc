"""Training from given weights under the real `dvc`: what runs when they change, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.pipelines.clone import Clone
from tests.pipelines.team import copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("curated")]

FIRST = "models/first.safetensors"
WEIGHTS = "models/siamese.safetensors"


@pytest.fixture(scope="module")
def trained(curated: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The curated clone with a finished training, and a copy of its weights to begin another one with."""
    clone = copy_of(curated, tmp_path_factory.mktemp("trained") / "clone")
    clone.pipelines("profile", "--set", "train.network.width=0.05", "train.schedule.name=exponential")
    assert clone.repro("train").ran == {"manifest", "train"}
    clone.run("cp", WEIGHTS, FIRST)
    return clone


def follow(clone: Clone) -> None:
    """Make the first weights a dependency of train, as TRAINING.md says."""
    pipeline = clone.folder / "dvc.yaml"
    text = pipeline.read_text()
    before, line, after = text.partition(
        "      - data/imdb\n      - data/crops\n    params:\n      - train\n"
    )
    assert line
    pipeline.write_text(before + line.replace("    params", f"      - {FIRST}\n    params") + after)


@pytest.fixture
def fine_tuned(trained: Clone, tmp_path: Path) -> Clone:
    clone = copy_of(trained, tmp_path / "clone")
    shutil.copyfile(trained.folder / FIRST, clone.folder / FIRST)
    follow(clone)
    clone.pipelines("profile", "--set", f"train.init={FIRST}", "train.freeze=[conv1, conv2]")
    assert clone.repro("train").ran == {"manifest", "train"}
    return clone


def test_weights_that_change_train_anew_and_those_that_do_not_train_nothing(fine_tuned: Clone) -> None:
    begun, ended = (load_file(fine_tuned.folder / name) for name in (FIRST, WEIGHTS))
    kept = {name for name in begun if (begun[name] == ended[name]).all()}
    assert {name for name in begun if name.startswith(("features.0.", "features.1.", "features.4."))} <= kept
    assert "features.14.weight" not in kept
    assert fine_tuned.repro("train").ran == {"manifest"}
    first = (fine_tuned.folder / WEIGHTS).read_bytes()
    shutil.copyfile(fine_tuned.folder / WEIGHTS, fine_tuned.folder / FIRST)
    assert "models/first.safetensors" in fine_tuned.run("dvc", "status", "train").stdout
    assert fine_tuned.repro("train").ran == {"manifest", "train"}
    assert (fine_tuned.folder / WEIGHTS).read_bytes() != first


def test_the_guard_sees_weights_that_change_while_the_stage_runs(fine_tuned: Clone, tmp_path: Path) -> None:
    """They change at the moment at which the stage has read them."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif sys.argv[-1:] == ['train']:\n"
        "    from training.network import initial\n    load = initial.load_initial\n"
        "    def loading(path, *more):\n        found = load(path, *more)\n"
        "        path.write_bytes(path.read_bytes() + b' ')\n        return found\n"
        "    initial.load_initial = loading\n"
    )
    before = (fine_tuned.folder / "dvc.lock").read_bytes()
    fine_tuned.environment["PYTHONPATH"] = f"{tmp_path}:{fine_tuned.folder}"
    fine_tuned.pipelines("profile", "--set", "train.seed=1")
    done = fine_tuned.repro("train", check=False)
    assert done.status != 0
    assert f"{FIRST} changed while train ran" in done.output
    assert (fine_tuned.folder / "dvc.lock").read_bytes() == before


def test_weights_that_dvc_does_not_follow_are_refused_with_the_line_that_cures_it(
    trained: Clone, tmp_path: Path
) -> None:
    clone = copy_of(trained, tmp_path / "clone")
    shutil.copyfile(trained.folder / FIRST, clone.folder / FIRST)
    clone.pipelines("profile", "--set", f"train.init={FIRST}")
    done = clone.repro("train", check=False)
    assert f"Add the line `- {FIRST}` to stages: train: deps: of dvc.yaml" in done.output
    clone.pipelines("profile", "--set", f"train.init={WEIGHTS}")
    done = clone.repro("train", check=False)
    assert f"train.init = {WEIGHTS} is the file that train writes. Copy it" in done.output


def test_more_epochs_go_on_from_the_finished_run(trained: Clone, tmp_path: Path) -> None:
    clone = copy_of(trained, tmp_path / "clone")
    shutil.copytree(
        trained.folder / "models/checkpoints", clone.folder / "models/checkpoints", dirs_exist_ok=True
    )
    clone.pipelines("profile", "--set", "train.epochs=2")
    done = clone.repro("train")
    assert done.ran == {"manifest", "train"}
    assert "going on from step 1 of 2" in done.output


@pytest.mark.parametrize("portable", ["false", "true"])
def test_headspace_says_what_the_loader_costs_and_writes_nothing(
    trained: Clone, tmp_path: Path, portable: str
) -> None:
    clone = copy_of(trained, tmp_path / "clone")
    clone.pipelines("profile", "--set", f"train.precision.portable={portable}")
    before = {path: path.stat().st_mtime_ns for path in (clone.folder / "models").rglob("*")}
    said = clone.pipelines("train", "--headspace").stderr
    assert "with the same batches served again" in said
    assert "% of a step" in said
    assert {path: path.stat().st_mtime_ns for path in (clone.folder / "models").rglob("*")} == before
