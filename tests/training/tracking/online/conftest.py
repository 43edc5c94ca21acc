"""Backbones with random weights: random convolutions are poor features, but enough for clean scenes."""

from __future__ import annotations

import pytest
import torch

from tests.training.backbones.random_weights import random_weights
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.tracking.online.siamese_backbone import SiameseBackbone


@pytest.fixture(scope="session")
def squeezenet() -> SqueezeNet:
    return SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET)


@pytest.fixture(scope="session")
def siamese() -> SiameseBackbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SiameseBackbone(SiameseNetwork(NetworkConfig(width=0.1)).eval())
