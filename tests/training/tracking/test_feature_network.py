"""Fixed features compared as cosines: their geometry, what they compare, and that the tracker follows with them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from curation.errors import InputError
from tests.training.tracking.online.conftest import random_weights
from tests.training.tracking.scenes import moving_target, overlap, texture
from training.network.siamese_network import STRIDE
from training.tracking.feature_network import FeatureNetwork
from training.tracking.online.backbones.backbone_config import BACKBONES
from training.tracking.online.backbones.convention import CENTRED_RGB
from training.tracking.siamese import SiameseTracker
from training.tracking.siamese_config import SiameseConfig


@pytest.fixture(params=["efficientnet_lite0", "squeezenet"])
def network(request: pytest.FixtureRequest) -> FeatureNetwork:
    return FeatureNetwork(BACKBONES[request.param](random_weights(request.param), CENTRED_RGB))


def image(side: int, seed: int = 1) -> Tensor:
    """(1, 3, side, side) RGB 0..255."""
    return torch.from_numpy(texture(side, side, seed)).permute(2, 0, 1)[None].float()


@pytest.mark.parametrize(("pixels", "cells"), [(127, 13), (239, 27), (255, 29)])
def test_cells_are_odd_in_number(network: FeatureNetwork, pixels: int, cells: int) -> None:
    assert network.embed(image(pixels)).shape[2:] == (cells, cells)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, -2), (-4, 5)])
def test_the_response_peaks_where_the_exemplar_is(network: FeatureNetwork, right: int, down: int) -> None:
    search = image(255)
    x, y = (64 + STRIDE * cells for cells in (right, down))
    response = network.respond(network.embed(search[..., y : y + 127, x : x + 127]), network.embed(search))[0, 0]
    row, column = divmod(int(response.argmax()), response.shape[1])
    assert (column - 11, row - 11) == (right, down)
    assert 0.5 < float(response.max()) <= 1 + 1e-5


def test_what_a_channel_has_everywhere_does_not_count(network: FeatureNetwork) -> None:
    """Nor how strong a cell is: the response is a cosine of what differs from the exemplar's mean."""
    exemplar, search = network.embed(image(127)), network.embed(image(255, seed=2))
    offset = torch.rand(exemplar.shape[1], 1, 1)
    expected = network.respond(exemplar, search)
    torch.testing.assert_close(network.respond(exemplar + offset, search + offset), expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(network.respond(3 * exemplar, 3 * search), expected, atol=1e-4, rtol=0)


def test_each_depth_has_the_same_weight(network: FeatureNetwork) -> None:
    exemplar, search = network.embed(image(127)), network.embed(image(255, seed=2))
    first = BACKBONES[network.backbone.name].channels[0]
    expected = network.respond(exemplar, search)
    for features in (exemplar, search):
        features[:, :first] *= 100
    torch.testing.assert_close(network.respond(exemplar, search), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("scales", [1, 3])
def test_a_moving_target_is_followed(network: FeatureNetwork, scales: int) -> None:
    frames, boxes = moving_target(8)
    tracker = SiameseTracker(network, SiameseConfig(scales=scales))
    tracker.init(frames[0], boxes[0])
    assert min(overlap(tracker.update(f), box) for f, box in zip(frames[1:], boxes[1:], strict=True)) > 0.6


def test_a_backbone_of_another_stride_is_refused() -> None:
    with pytest.raises(InputError, match=r"needs a backbone of stride 8, and vgg16 has 4\. Run: .*efficientnet_lite0"):
        FeatureNetwork(BACKBONES["vgg16"](random_weights("vgg16"), CENTRED_RGB))
