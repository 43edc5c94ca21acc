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
from pipelines.tracker_worth import profile_of
from tests.training.backbones.random_weights import random_weights
from training.backbones import choice, package
from training.backbones.convention import CAFFE
from training.backbones.efficientnet_lite import EfficientNetLite0
from training.backbones.weight_files import sha256_of
from training.network.siamese_network import NetworkConfig, SiameseNetwork
from training.network.weights import save_weights
from training.tracking.baselines import TemplateTracker
from training.tracking.online.tracker import OnlineTracker
from training.tracking.siamese import SiameseTracker
from training.tracking.track_config import TrackConfig

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
    monkeypatch.setattr(package, "distributions", lambda **_: [])
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


def test_what_runs_by_hand_is_kept_under_the_recipe_of_the_code() -> None:
    identity = chosen("--tracker", "template")[0].contender.identity
    Path("params.yaml").write_text("track: {recipe: 999, online: {memory: 33}}\n")
    assert chosen("--tracker", "template")[0].contender.identity == identity


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
        assert found.words.startswith(
            "Siamese, trained, on efficientnet_lite0: not measured with this network"
        )
        assert "profile large has success AUC .554, precision .849" in found.words
        assert "untrained features success AUC .532, precision .783" in found.words
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
        assert found.words.startswith("online DSLT on squeezenet: ")
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
    assert found.words == "online DSLT on vgg16: its accuracy was not measured"
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


ONLINE = "online DSLT on squeezenet: "


def test_accuracy_is_claimed_for_what_was_measured_alone(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(shared / "data/weights/squeezenet1_0_imagenet.npz")
    Path("params.yaml").write_text("track: {}\n")
    figures = "success AUC .698, precision .964 on 19 OTB targets"
    for words, told in (
        (["--weights", file], figures),
        (["--weights", "squeeze.npz"], "not measured with these weights"),
        (["--weights", file, "--convention", "torchvision"], "not measured with this convention"),
    ):
        assert chosen(*words)[0].words == ONLINE + told
    Path("params.yaml").write_text("track: {online: {memory: 33, seed: 3}}\n")
    assert chosen("--weights", file)[0].words == f"{ONLINE}not measured with this track.online"
    Path("params.yaml").write_text("track: {template: {reach: 2}}\n")
    assert chosen()[0].words == "template matching: not measured with track.template"


@FEATURES
def test_the_accuracy_of_the_package_is_told_with_the_settings_of_its_profile() -> None:
    Path("params.yaml").write_text("track: {}\n")
    found, _ = chosen("--backbone", "efficientnet_lite0")
    assert found.words.endswith(": success AUC .721, precision .972 on 19 OTB targets")


def test_the_accuracy_that_is_told_is_of_these_settings() -> None:
    """Whoever changes one tracks the 19 targets again, and writes the figures of `worth` and the documents anew."""
    assert EfficientNetLite0.worth == "success AUC .721, precision .972 on 19 OTB targets"
    assert TrackConfig().recipe == 6
    track = profile_of("efficientnet_lite0")
    assert track["backbone"]["precision"] == "bfloat16"
    assert track["online"] == {
        "region": {"padding": 4.5, "max_cells": 45},
        "reduction": {"channels": 48},
        "refine": {"share": 0.7},
        "strip": {"frames": 30},
    }


@FEATURES
def test_untrained_features_are_told_if_they_are_the_packages() -> None:
    network, origin = SiameseNetwork(NetworkConfig(trunk="efficientnet_lite0")), {}
    Path("params.yaml").write_text("track: {siamese: {scales: 1}}\n")
    for told in ("not measured with these features", "success AUC .532, precision .783 on 19 OTB targets"):
        save_weights(paths.WEIGHTS, network, {"trunk": origin})
        found, _ = chosen("--tracker", "untrained")
        assert (found.words, found.warning) == (f"Siamese, untrained, on efficientnet_lite0: {told}", "")
        origin = {"sha256": network.read_trunk()}
    Path("params.yaml").write_text("track: {}\n")
    assert chosen("--tracker", "untrained")[0].words.endswith(": not measured with this track.siamese")


def test_a_network_that_was_never_trained_is_warned_of() -> None:
    assert "it was never trained" in chosen("--tracker", "untrained")[0].warning


def test_features_that_are_installed_are_not_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "installed", lambda: ["efficientnet_lite0"])
    assert chosen("--tracker", "template")[0].warning.endswith(
        "are installed: --tracker online --backbone efficientnet_lite0"
    )


@pytest.mark.parametrize(
    ("words", "option", "cure"),
    [
        (["--tracker", "template", "--weights", "squeeze.npz"], "--weights", "--tracker siamese"),
        (["--tracker", "still", "--backbone", "vgg16"], "--backbone", "--tracker online"),
        (["--tracker", "mine.py:Mine", "--weights", "squeeze.npz"], "--weights", "--tracker online"),
        (["--tracker", "trax:run me", "--convention", "caffe"], "--convention", "--tracker online"),
        (["--tracker", "siamese", "--backbone", "siamese"], "--backbone", "--tracker online"),
        (["--tracker", "untrained", "--convention", "caffe"], "--convention", "--tracker online"),
        (["--convention", "caffe"], "--convention caffe", "--weights FILE"),
        (["--backbone", "efficientnet_lite0", "--convention", "caffe"], "--convention caffe", "--weights"),
        (["--weights", str(paths.WEIGHTS), "--convention", "caffe"], "--convention caffe", "Leave it out"),
    ],
)
def test_an_option_without_effect_is_refused(words: list[str], option: str, cure: str) -> None:
    Path("mine.py").write_text("raise SystemExit('its code was run')\n")
    with pytest.raises(InputError, match=rf"^{option} has no effect.*{cure}"):
        chosen(*words)


def test_the_settings_of_the_configured_backbone_are_not_anothers() -> None:
    """With those of EfficientNet-Lite0, SqueezeNet would be asked for a box head, which it has not."""
    Path("params.yaml").write_text(
        "track: {backbone: {name: efficientnet_lite0}, online: {memory: 33, region: {padding: 4.5, max_cells: 45}, "
        "reduction: {channels: 48}, refine: {share: 0.5}}}\n"
    )
    _, tracker = chosen("--weights", "squeeze.npz")
    config = tracker.config
    assert (config.memory, config.region.padding, config.refine.share) == (33, 3.5, 0.0)
