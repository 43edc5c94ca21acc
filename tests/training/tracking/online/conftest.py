"""Backbones with random weights: random convolutions are poor features, but enough for clean scenes."""

from __future__ import annotations

import pytest
import torch

from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.tracking.online.backbones.backbone_config import BACKBONES
from training.tracking.online.backbones.siamese_backbone import SiameseBackbone
from training.tracking.online.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet


def random_weights(name: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """He-initialised convolutions of a backbone, by canonical name."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for layer, shape in BACKBONES[name].shapes.items():
        fan_in = shape[1] * shape[2] * shape[3]
        weights[f"{layer}.weight"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        weights[f"{layer}.bias"] = torch.randn(shape[:1], generator=generator) * 0.01
    return weights


@pytest.fixture(scope="session")
def squeezenet() -> SqueezeNet:
    return SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET)


@pytest.fixture(scope="session")
def siamese() -> SiameseBackbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SiameseBackbone(SiameseNetwork(NetworkConfig(width=0.1)).eval())
