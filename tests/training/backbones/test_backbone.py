"""Backbones: sizes, symmetry about the middle, conventions that say the same thing in two ways."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import texture
from training.backbones.convention import (
    CAFFE,
    CENTRED_RGB,
    RAW_RGB,
    TORCHVISION,
    InputConvention,
)
from training.backbones.efficientnet_lite import EfficientNetLite0
from training.backbones.input_table import InputTable
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet, SqueezeNet11
from training.backbones.vgg16 import Vgg16
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.tracking.online.siamese_backbone import SiameseBackbone


def backbones(precision="float32"):
    torch.manual_seed(0)
    return {
        "squeezenet": SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET, precision=precision),
        "squeezenet1_1": SqueezeNet11(random_weights("squeezenet1_1"), TORCHVISION, precision=precision),
        "efficientnet_lite0": EfficientNetLite0(
            random_weights("efficientnet_lite0"), CENTRED_RGB, precision=precision
        ),
        "vgg16": Vgg16(random_weights("vgg16"), CAFFE, precision=precision),
        "siamese": SiameseBackbone(SiameseNetwork(NetworkConfig(width=0.1)), precision=precision),
    }


@pytest.fixture(
    scope="module", params=["squeezenet", "squeezenet1_1", "efficientnet_lite0", "vgg16", "siamese"]
)
def backbone(request):
    return backbones()[request.param]


def image(side_h, side_w, seed=0):
    return torch.from_numpy(texture(side_h, side_w, seed))[None]


@pytest.mark.parametrize("cells", [(9, 9), (13, 7)])
def test_both_maps_have_the_cells_that_were_asked_for(backbone, cells):
    frames = image(*(backbone.input_side(side) for side in cells))
    shallow, deep = backbone.features(frames)
    assert shallow.shape == (1, backbone.channels[0], *cells)
    assert deep.shape == (1, backbone.channels[1], *cells)
    assert float(shallow.std()) > 0


@pytest.mark.parametrize("without", [1, 2, 3, 6])
def test_cells_left_out_do_not_change_the_others(backbone, without):
    frames = image(*(backbone.input_side(side) for side in (13, 15)))
    whole, part = backbone.features(frames), backbone.features(frames, without=without)
    for one, other in zip(whole, part, strict=True):
        middle = one[..., without:-without, without:-without]
        assert other.shape == middle.shape
        assert float((other - middle).norm() / middle.norm()) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("convention", [CAFFE, CENTRED_RGB, RAW_RGB, TORCHVISION])
def test_looked_up_images_are_those_that_are_computed(convention, dtype):
    frames = torch.cat([image(40, 61), image(40, 61, seed=1)])
    found = InputTable(convention, dtype).apply(frames)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found, convention.apply(frames).to(dtype))


def test_bfloat16_gives_nearly_the_same_features_as_float32(backbone):
    halved = backbones("bfloat16")[backbone.name]
    frames = image(*(backbone.input_side(side) for side in (11, 9)))
    for exact, rounded in zip(backbone.features(frames), halved.features(frames), strict=True):
        assert rounded.dtype == torch.bfloat16
        assert 0 < float((rounded - exact).norm() / exact.norm()) < 0.05


def test_the_middle_of_the_input_is_the_middle_of_the_maps(backbone):
    """Without half-cell bias a spot in the middle of the input changes features symmetrically.

    Kernels are made symmetrical for it, so that only the geometry is left to break the symmetry.
    """
    backbone = backbones()[backbone.name]  # its own: its kernels are changed
    side = backbone.input_side(11)
    frames = torch.full((1, side, side, 3), 120, dtype=torch.uint8)
    middle = (side - 1) / 2
    low, high = int(np.floor(middle)) - 3, int(np.ceil(middle)) + 4
    spot = frames.clone()
    spot[:, low:high, low:high] = 250
    symmetrical(backbone)
    for plain, changed in zip(backbone.features(frames), backbone.features(spot), strict=True):
        change = (changed - plain).abs().sum(dim=1)[0]
        assert change.max() > 0
        torch.testing.assert_close(change, change.flip(0), rtol=1e-3, atol=1e-3 * float(change.max()))
        torch.testing.assert_close(change, change.flip(1), rtol=1e-3, atol=1e-3 * float(change.max()))


def symmetrical(backbone):
    """Make every kernel equal to its mirror images."""
    kernels = list(backbone._weights.values())
    if isinstance(backbone, SiameseBackbone):
        kernels = [*backbone._shallow.parameters(), *backbone._deep.parameters()]
    with torch.no_grad():
        for kernel in kernels:
            if kernel.ndim == 4:
                kernel.copy_((kernel + kernel.flip(2) + kernel.flip(3) + kernel.flip(2, 3)) / 4)


def test_two_conventions_of_the_same_weights_give_the_same_features():
    """RGB 0..1 with mean and deviation; BGR 0..255 minus mean with the deviation folded into conv1."""
    weights = random_weights("squeezenet")
    kernel = weights["conv1.weight"]
    std = torch.tensor(TORCHVISION.std)[None, :, None, None]
    folded = {**weights, "conv1.weight": (kernel / (255 * std)).flip(1)}
    caffe = InputConvention("bgr", mean=tuple(255 * value for value in TORCHVISION.mean[::-1]))
    frames = image(65, 65)
    one, two = SqueezeNet(weights, TORCHVISION), SqueezeNet(folded, caffe)
    for left, right in zip(one.features(frames), two.features(frames), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)
    wrong = SqueezeNet(weights, RAW_RGB).features(frames)[0]
    assert not torch.allclose(wrong, one.features(frames)[0], rtol=0.1)


def test_a_convention_orders_scales_and_centres():
    frames = torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8)  # B G R
    torch.testing.assert_close(RAW_RGB.apply(frames)[0, :, 0, 0], torch.tensor([255.0, 51.0, 0.0]))
    torch.testing.assert_close(
        CAFFE_SQUEEZENET.apply(frames)[0, :, 0, 0], torch.tensor([-104.0, 51 - 117.0, 255 - 123.0])
    )
    torch.testing.assert_close(
        TORCHVISION.apply(frames)[0, :, 0, 0],
        torch.tensor([(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0 - 0.406) / 0.225]),
    )
