"""Folded networks compute what the network computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.network.inference import fold_batch_norms, for_inference
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = SiameseNetwork(NetworkConfig(width=0.1))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-5, 5)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.uniform_(module.bias, -1, 1)
    return network


def test_responses_are_the_same_without_a_normalisation_left(network):
    fast = for_inference(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fast.modules())
    exemplar, search = torch.rand(1, 3, 127, 127) * 255, torch.rand(2, 3, 255, 255) * 255
    with torch.inference_mode():
        expected = network.eval()(exemplar, search)
        torch.testing.assert_close(fast(exemplar, search), expected, rtol=1e-3, atol=1e-4)


def test_the_network_itself_is_left_as_it_is(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    for_inference(network)
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_layers_without_normalisation_stay(network):
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert [type(layer) for layer in fold_batch_norms(layers)] == [nn.Conv2d, nn.ReLU]
