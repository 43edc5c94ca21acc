"""Weights of others: asked for by params.yaml, and told of before hours of work need them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.__main__ import main
from pipelines.checks.backbone_files import check_backbone_files
from tests.training.backbones.random_weights import random_weights
from training.backbones.backbone_config import BackboneConfig
from training.backbones.efficientnet_lite import EfficientNetLite0
from training.backbones.weight_files import sha256_of
from training.network.network_config import NetworkConfig
from training.tracking.track_config import TrackConfig
from training.trainer.configuration import TrainConfig

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project where no package of weights is installed."""
    package = EfficientNetLite0.package
    assert package is not None
    monkeypatch.setattr(
        EfficientNetLite0, "package", package._replace(name="no-such", file="no_such_module/w.pth")
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    return tmp_path


def test_the_built_in_run_asks_for_none() -> None:
    assert check_backbone_files(TrainConfig(), TrackConfig(), None) == []
    assert check_backbone_files(TrainConfig(), TrackConfig(trackers=("online",)), None) == []


def test_a_file_that_is_there_or_another(tmp_path: Path) -> None:
    file = tmp_path / "squeeze.npz"
    np.savez(file, **{name: value.numpy() for name, value in random_weights("squeezenet").items()})
    for sha256, status in ((sha256_of(file), "ok"), ("0" * 64, "fail")):
        track = TrackConfig(
            trackers=("still", "online"), backbone=BackboneConfig(name="squeezenet", sha256=sha256)
        )
        [found] = check_backbone_files(TrainConfig(), track, file)
        assert (found.check, found.status) == ("track.backbone", status)
    track = TrackConfig(trackers=("still",), backbone=BackboneConfig(name="squeezenet", sha256="0" * 64))
    assert check_backbone_files(TrainConfig(), track, file) == []


@pytest.mark.usefixtures("project")
def test_a_trunk_whose_package_is_missing() -> None:
    train = TrainConfig(network=NetworkConfig(trunk="efficientnet_lite0"))
    [found] = check_backbone_files(train, TrackConfig(), None)
    assert (found.check, found.status) == ("train.network.trunk", "fail")
    assert found.cure.startswith("Run: pip install")


@pytest.mark.parametrize("profile", ["large", "online-efficientnet"])
@pytest.mark.usefixtures("project")
def test_a_profile_and_the_doctor_say_what_has_to_be_installed(
    profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", "--set", "train.epochs=7"]) == 0
    assert "not ready" not in capsys.readouterr().out
    assert main(["doctor", "weights"]) == 0
    assert "no weights of others" in capsys.readouterr().out
    assert main(["profile", profile]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("not ready: ")
    assert 'Run: pip install -e ".[features]"' in last
    assert main(["doctor", "weights"]) == 1
    assert 'Run: pip install -e ".[features]"' in capsys.readouterr().out
