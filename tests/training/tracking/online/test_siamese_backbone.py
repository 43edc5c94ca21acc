"""The network that the train stage makes, as a backbone."""

from __future__ import annotations

import torch

from tests.training.tracking.scenes import texture
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.tracking.online.siamese_backbone import SiameseBackbone


def test_the_siamese_backbone_is_the_network_that_was_trained():
    torch.manual_seed(0)
    network = SiameseNetwork(NetworkConfig(width=0.1)).eval()
    for module in network.modules():  # statistics other than 0 and 1, so that folding has something to do
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    backbone = SiameseBackbone(network)
    frames = torch.from_numpy(texture(backbone.input_side(9), backbone.input_side(9), 0))[None]
    with torch.inference_mode():
        expected = network.embed(frames.flip(-1).permute(0, 3, 1, 2).float())
    torch.testing.assert_close(backbone.features(frames)[1], expected, rtol=1e-3, atol=1e-4)
