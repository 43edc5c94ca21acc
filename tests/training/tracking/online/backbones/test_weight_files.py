"""Weights from the files people have: namings, layouts, conventions, and what is refused."""

from __future__ import annotations

import hashlib
import os
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from curation.errors import InputError
from tests.training.tracking.online.conftest import random_weights
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights
from training.tracking.online.backbones.backbone_config import BACKBONES
from training.tracking.online.backbones.choice import load_backbone
from training.tracking.online.backbones.convention import CAFFE, TORCHVISION
from training.tracking.online.backbones.squeezenet import CAFFE_SQUEEZENET
from training.tracking.online.backbones.weight_files import sha256_of

VGG_INDEX = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


@pytest.fixture(scope="module")
def vgg():
    return random_weights("vgg16")


@pytest.fixture(scope="module")
def squeezenet_weights():
    return random_weights("squeezenet")


def layers(weights):
    return [key.removesuffix(".weight") for key in weights if key.endswith(".weight")]


def torchvision_vgg(weights):
    named = {}
    for index, layer in zip(VGG_INDEX, layers(weights), strict=True):
        named[f"features.{index}.weight"] = weights[f"{layer}.weight"]
        named[f"features.{index}.bias"] = weights[f"{layer}.bias"]
    named["classifier.0.weight"] = torch.zeros(3, 3)
    return named


def keras_vgg(weights, suffix):
    named = {}
    for layer in layers(weights):
        block, number = layer.removeprefix("conv").split("_")
        kernel, bias = suffix
        named[f"block{block}_conv{number}/block{block}_conv{number}{kernel}"] = (
            weights[f"{layer}.weight"].permute(2, 3, 1, 0).numpy()
        )
        named[f"block{block}_conv{number}/block{block}_conv{number}{bias}"] = weights[f"{layer}.bias"].numpy()
    return named


def tensorflow_vgg(weights):
    named = {}
    for layer in layers(weights):
        named[f"{layer}_W"] = weights[f"{layer}.weight"].permute(2, 3, 1, 0).numpy()
        named[f"{layer}_b"] = weights[f"{layer}.bias"].numpy()
    named["fc6_W"] = np.zeros((2, 2), np.float32)
    return named


def numpy(weights):
    return {key: value.numpy() for key, value in weights.items()}


def expect(backbone, weights, convention):
    assert backbone.convention == convention
    for key, value in weights.items():
        torch.testing.assert_close(backbone._weights[key], value)


def test_torchvision_and_timm_state_dicts(vgg, tmp_path):
    torch.save(torchvision_vgg(vgg), tmp_path / "vgg.pth")
    expect(load_backbone("vgg16", tmp_path / "vgg.pth"), vgg, TORCHVISION)
    save_file(
        {key: value.contiguous() for key, value in torchvision_vgg(vgg).items()}, tmp_path / "vgg.safetensors"
    )
    expect(load_backbone("vgg16", tmp_path / "vgg.safetensors"), vgg, TORCHVISION)


@pytest.mark.parametrize("suffix", [("/kernel:0", "/bias:0"), ("_W_1:0", "_b_1:0"), ("/kernel", "/bias")])
def test_keras_conversions_are_turned_and_bgr(vgg, tmp_path, suffix):
    np.savez(tmp_path / "keras.npz", **keras_vgg(vgg, suffix))
    expect(load_backbone("vgg16", tmp_path / "keras.npz"), vgg, CAFFE)


def test_caffe_conversions_are_bgr_and_the_tensorflow_ones_rgb(vgg, tmp_path):
    np.savez(tmp_path / "caffe.npz", **numpy(vgg))
    expect(load_backbone("vgg16", tmp_path / "caffe.npz"), vgg, CAFFE)
    np.savez(tmp_path / "tf.npz", **tensorflow_vgg(vgg))
    backbone = load_backbone("vgg16", tmp_path / "tf.npz")
    assert backbone.convention.order == "rgb"
    assert backbone.convention.mean == CAFFE.mean[::-1]
    torch.testing.assert_close(backbone._weights["conv3_1.weight"], vgg["conv3_1.weight"])


def test_squeezenet_from_caffe_and_from_torchvision(squeezenet_weights, tmp_path):
    np.savez(tmp_path / "caffe.npz", **numpy(squeezenet_weights))
    expect(load_backbone("squeezenet", tmp_path / "caffe.npz"), squeezenet_weights, CAFFE_SQUEEZENET)
    fires = dict(zip(range(2, 9), (3, 4, 5, 7, 8, 9, 10), strict=True))
    named = {}
    for key, value in squeezenet_weights.items():
        layer, kind = key.split(".")
        if layer == "conv1":
            named[f"features.0.{kind}"] = value
        else:
            fire, part = layer.split("/")
            part = "squeeze" if part == "squeeze1x1" else part
            named[f"features.{fires[int(fire[4:])]}.{part}.{kind}"] = value
    torch.save({"state_dict": named}, tmp_path / "tv.pth")
    expect(load_backbone("squeezenet", tmp_path / "tv.pth"), squeezenet_weights, TORCHVISION)


def test_the_published_squeezenet_is_read_and_sees_edges(shared):
    path = shared / "data" / "weights" / "squeezenet1_0_imagenet.npz"
    backbone = load_backbone("squeezenet", path)
    assert backbone.convention == CAFFE_SQUEEZENET
    frames = torch.zeros(1, 129, 129, 3, dtype=torch.uint8)
    frames[:, :, 64:] = 255
    shallow = backbone.features(frames)[0][0].sum(dim=0)
    flat = shallow[4:-4, 2:5].std(dim=1).mean()
    assert shallow[8, 6:11].std() > 3 * flat


def test_a_network_of_the_train_stage(tmp_path):
    torch.manual_seed(0)
    save_weights(tmp_path / "siamese.safetensors", SiameseNetwork(NetworkConfig(width=0.05)), {})
    backbone = load_backbone("siamese", tmp_path / "siamese.safetensors")
    assert backbone.name == "siamese"


def test_the_convention_can_be_overridden(squeezenet_weights, tmp_path):
    np.savez(tmp_path / "w.npz", **numpy(squeezenet_weights))
    backbone = load_backbone("squeezenet", tmp_path / "w.npz", convention="torchvision")
    assert backbone.convention == TORCHVISION


def test_the_digest_is_checked(squeezenet_weights, tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, **numpy(squeezenet_weights))
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    load_backbone("squeezenet", path, sha256=right[:8])
    with pytest.raises(InputError, match=r"w\.npz has SHA-256 .* expected 00000000"):
        load_backbone("squeezenet", path, sha256="00000000")


class Evil:
    """A pickle that would run code."""

    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.npz", None, "are missing"),
        ("cut.npz", b"PK\x03\x04 cut off", "damaged"),
        ("text.safetensors", b"hello world, no tensors here", "damaged"),
        ("weights.h5", b"x", r"\.h5 is not known"),
        pytest.param("evil.pth", pickle.dumps(Evil(), protocol=2), "holds more than tensors", id="pickle"),
    ],
)
def test_unusable_files_are_one_clear_line(tmp_path, capsys, name, content, problem):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        load_backbone("squeezenet", path)
    assert name in str(caught.value)
    assert capsys.readouterr().out == ""


def test_code_in_a_state_dict_is_not_run(tmp_path, capsys):
    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="holds more than tensors"):
        load_backbone("vgg16", tmp_path / "evil.pth")
    assert capsys.readouterr().out == ""


def test_other_networks_missing_layers_and_other_shapes_are_named(squeezenet_weights, vgg, tmp_path):
    np.savez(tmp_path / "vgg.npz", **numpy(vgg))
    with pytest.raises(InputError, match="holds no layers of squeezenet"):
        load_backbone("squeezenet", tmp_path / "vgg.npz")
    partial = numpy(squeezenet_weights)
    del partial["fire5/expand3x3.bias"]
    np.savez(tmp_path / "partial.npz", **partial)
    with pytest.raises(InputError, match=r"lacks fire5/expand3x3\.bias \(128,\)"):
        load_backbone("squeezenet", tmp_path / "partial.npz")
    other = {**numpy(squeezenet_weights), "conv1.weight": np.zeros((64, 3, 3, 3), np.float32)}
    np.savez(tmp_path / "v11.npz", **other)
    with pytest.raises(
        InputError, match=r"conv1\.weight has shape \(64, 3, 3, 3\), expected \(96, 3, 7, 7\)"
    ):
        load_backbone("squeezenet", tmp_path / "v11.npz")


def test_every_backbone_that_is_read_from_a_file_has_namings_and_shapes():
    assert all(kind.trained or kind.package or (kind.namings and kind.shapes) for kind in BACKBONES.values())


def test_layers_that_are_not_needed_are_not_read(squeezenet_weights, tmp_path):
    path = tmp_path / "w.npz"
    np.savez(
        path,
        **numpy(squeezenet_weights),
        **{"fire9/squeeze1x1.weight": np.array([1], object), "x": np.eye(2)},
    )
    load_backbone("squeezenet", path)


def test_weights_that_are_not_finite_are_refused(squeezenet_weights, tmp_path):
    damaged = numpy(squeezenet_weights)
    damaged["fire5/expand3x3.bias"][7] = np.nan
    np.savez(tmp_path / "w.npz", **damaged)
    with pytest.raises(InputError, match=r"fire5/expand3x3\.bias holds numbers that are not finite"):
        load_backbone("squeezenet", tmp_path / "w.npz")


def test_the_digest_of_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.npz")
    with pytest.raises(InputError, match="not a plain file"):
        sha256_of(tmp_path / "w.npz")
