"""Weights of others: asked for by params.yaml, and told of before hours of work need them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.__main__ import main
from pipelines.checks.backbone_files import check_backbone_files
from tests.training.backbones.random_weights import random_weights
from training.backbones.backbone_config import BackboneConfig
from training.backbones.choice import choose_backbone
from training.backbones.efficientnet_lite import EfficientNetLite0
from training.backbones.weight_files import sha256_of
from training.network.network_config import NetworkConfig
from training.tracking.online.box_network import BoxNetwork, save_box_network
from training.tracking.online.online_config import OnlineConfig, RefineConfig
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


def test_a_box_head_that_is_there_or_not_whole_or_of_another_backbone(tmp_path: Path) -> None:
    file = tmp_path / "squeeze.npz"
    np.savez(file, **{name: value.numpy() for name, value in random_weights("squeezenet").items()})
    backbone = BackboneConfig(name="squeezenet", sha256=sha256_of(file))
    channels = sum(choose_backbone(backbone, trained=Path(), file=file).channels)
    for name in ("squeezenet", "vgg16"):
        save_box_network(tmp_path / f"{name}.head", BoxNetwork(channels), {"backbone": name})
    (tmp_path / "cut.head").write_bytes((tmp_path / "squeezenet.head").read_bytes()[:20_000])
    for head, words in {
        str(tmp_path / "squeezenet.head"): "the box head squeezenet.head is there",
        str(tmp_path / "vgg16.head"): "was trained on vgg16, and the backbone is squeezenet",
        str(tmp_path / "cut.head"): "is not a whole box head",
        str(tmp_path / "none.head"): "there is no box head",
        "": "no box head comes with the project for squeezenet",
    }.items():
        online = OnlineConfig(refine=RefineConfig(share=0.7, weights=head))
        track = TrackConfig(trackers=("online",), backbone=backbone, online=online)
        _, found = check_backbone_files(TrainConfig(), track, file)
        assert (found.check, found.status) == (
            "track.online.refine",
            "ok" if "squeezenet.head" in head else "fail",
        )
        assert words in found.message


def test_a_box_head_beside_the_network_trained_here(tmp_path: Path) -> None:
    online = OnlineConfig(refine=RefineConfig(share=0.7, weights=str(tmp_path / "none.head")))
    [found] = check_backbone_files(TrainConfig(), TrackConfig(trackers=("online",), online=online), None)
    assert (found.check, found.status) == ("track.online.refine", "fail")


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
