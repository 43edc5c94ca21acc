"""Which tracker the command line means: the best that there are weights for, and settings that belong to them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from curation.errors import InputError
from pipelines import paths, trackers
from tests.training.backbones.random_weights import random_weights
from training.backbones import choice
from training.backbones.convention import CAFFE
from training.backbones.efficientnet_lite import EfficientNetLite0
from training.backbones.weight_files import sha256_of
from training.network.siamese_network import NetworkConfig, SiameseNetwork
from training.network.weights import save_weights
from training.tracking.baselines import TemplateTracker
from training.tracking.online.tracker import OnlineTracker
from training.tracking.siamese import SiameseTracker

FEATURES = pytest.mark.skipif(
    EfficientNetLite0.package is None or EfficientNetLite0.package.installed() is None,
    reason="the extra `features` is not installed",
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a network trained on the built-in data, and a file of SqueezeNet; no package of weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_DEVICE", "cpu")
    monkeypatch.setattr(choice, "installed", list)
    Path("params.yaml").write_text("track: {online: {memory: 33}}\n")
    torch.manual_seed(0)
    save_weights(paths.WEIGHTS, SiameseNetwork(NetworkConfig(width=0.1)), {})
    np.savez("squeeze.npz", **{name: value.numpy() for name, value in random_weights("squeezenet").items()})
    return tmp_path


def chosen(*words: str) -> tuple[trackers.Chosen, Any]:
    parser = argparse.ArgumentParser()
    trackers.add_arguments(parser, default="")
    found = trackers.choose(parser.parse_args(words))
    return found, found.contender.make()


def configured() -> None:
    """Name the file of SqueezeNet in params.yaml and the settings."""
    digest = sha256_of(Path("squeeze.npz"))
    Path("params.yaml").write_text(
        f"track: {{backbone: {{name: squeezenet, sha256: {digest}}}, online: {{memory: 33}}}}\n"
    )
    Path(".settings.toml").write_text('backbone_weights = "squeeze.npz"\n')


def test_with_no_weights_of_worth_it_is_template_matching_and_the_way_to_better_is_named() -> None:
    found, tracker = chosen()
    assert isinstance(tracker, TemplateTracker)
    assert "no match for real video" in found.warning
    assert ".[features]" in found.warning


def test_a_network_trained_on_outside_video_is_better_than_template_matching() -> None:
    Path("params.yaml").write_text(
        "dataset: {built_in: [sequences], vid: pipelines/profiles/ilsvrc15.yaml}\ntrack: {}\n"
    )
    found, tracker = chosen()
    assert isinstance(tracker, SiameseTracker)
    assert not found.warning


def test_a_network_on_fixed_features_is_better_than_template_matching_whatever_it_was_trained_on() -> None:
    torch.manual_seed(0)
    save_weights(paths.WEIGHTS, SiameseNetwork(NetworkConfig(trunk="efficientnet_lite0")), {})
    for words in ([], ["--tracker", "siamese"]):
        found, tracker = chosen(*words)
        assert isinstance(tracker, SiameseTracker)
        assert not found.warning
    with pytest.raises(InputError, match="say --backbone efficientnet_lite0"):
        chosen("--tracker", "online")


def test_what_params_yaml_names_goes_before_all(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    configured()
    monkeypatch.setattr(choice, "installed", lambda: ["efficientnet_lite0"])
    for folder in (project, project / "models"):
        monkeypatch.chdir(folder)
        if folder != project:
            monkeypatch.setattr(trackers, "project", lambda: project)
        found, tracker = chosen()
        assert found.words.startswith("online DSLT on squeezenet: success AUC .698")
        assert isinstance(tracker, OnlineTracker)
        assert (tracker.config.memory, tracker.config.region.padding) == (33, 3.5)


@FEATURES
@pytest.mark.parametrize("words", [[], ["--tracker", "online"], ["--backbone", "efficientnet_lite0"]])
def test_installed_features_bring_the_settings_of_their_profile(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "installed", lambda: ["efficientnet_lite0"])
    if words[:1] == ["--backbone"]:
        configured()  # the digest of another backbone is not this one's
    found, tracker = chosen(*words)
    assert found.words.startswith("online DSLT on efficientnet_lite0")
    assert not found.warning
    assert isinstance(tracker, OnlineTracker)
    assert (tracker.config.memory, tracker.config.region.padding) == (33, 4.5)


def test_a_file_of_weights_is_recognised_and_brings_its_settings() -> None:
    weights = random_weights("vgg16")
    np.savez("vgg.npz", **{name: value.numpy() for name, value in weights.items()})
    found, tracker = chosen("--weights", "vgg.npz")
    assert found.words == "online DSLT on vgg16"
    assert (tracker.backbone.convention, tracker.config.region.target_cells) == (CAFFE, 16.0)
    _, tracker = chosen("--weights", "vgg.npz", "--convention", "torchvision")
    assert tracker.backbone.convention.order == "rgb"
    _, tracker = chosen("--weights", "squeeze.npz", "--tracker", "online")
    assert tracker.backbone.name == "squeezenet"


def test_a_network_of_ones_own_is_recognised_and_not_called_a_toy() -> None:
    paths.WEIGHTS.rename("mine.safetensors")
    found, tracker = chosen("--weights", "mine.safetensors")
    assert isinstance(tracker, SiameseTracker)
    assert not found.warning
    _, tracker = chosen("--weights", "mine.safetensors", "--tracker", "online")
    assert tracker.backbone.name == "siamese"


def test_a_network_trained_on_generated_video_is_warned_of() -> None:
    for name in ("siamese", "online"):
        found, _ = chosen("--tracker", name)
        assert "has only seen generated video" in found.warning


def test_a_backbone_whose_package_is_missing_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = EfficientNetLite0.package
    assert package is not None
    monkeypatch.setattr(
        EfficientNetLite0, "package", package._replace(name="no-such", file="no_such_module/w.pth")
    )
    with pytest.raises(InputError, match="which is not installed"):
        chosen("--backbone", "efficientnet_lite0")
