from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import InputError
from training.network.image_sides import RECEPTIVE_FIELD, STRIDE, embedding_size, response_size
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork, correlate

TINY = NetworkConfig(width=0.03)


def published() -> SiameseNetwork:
    torch.manual_seed(0)
    return SiameseNetwork(NetworkConfig(width=1.0))


def test_published_sizes() -> None:
    network = published().eval()
    with torch.inference_mode():
        exemplar = network.embed(torch.zeros(1, 3, 127, 127))
        assert exemplar.shape == (1, 256, 6, 6)
        assert network.embed(torch.zeros(1, 3, 239, 239)).shape == (1, 256, 20, 20)
        search = network.embed(torch.zeros(1, 3, 255, 255))
        assert search.shape == (1, 256, 22, 22)
        assert network.respond(exemplar, search).shape == (1, 1, 17, 17)
    assert response_size(127, 239) == 15


def test_published_number_of_parameters() -> None:
    convolutions = 96 * 3 * 121 + 256 * 48 * 25 + 384 * 256 * 9 + 384 * 192 * 9 + 256 * 192 * 9
    norms = 2 * (96 + 256 + 384 + 384)
    assert sum(p.numel() for p in published().parameters()) == convolutions + norms + 256 + 2


@settings(max_examples=15, deadline=None)
@given(pixels=st.integers(RECEPTIVE_FIELD, 280))
def test_embedding_size_is_what_the_network_gives(pixels: int) -> None:
    network = SiameseNetwork(TINY).eval()
    with torch.inference_mode():
        assert network.embed(torch.zeros(1, 3, pixels, pixels)).shape[-1] == embedding_size(pixels)


def test_too_small_an_image_is_refused() -> None:
    with pytest.raises(InputError, match="86 px is smaller than the network's receptive field of 87 px"):
        embedding_size(RECEPTIVE_FIELD - 1)
    with pytest.raises(InputError, match="smaller than the exemplar"):
        response_size(127, 119)


def test_cell_looks_at_the_pixels_that_the_docstring_says() -> None:
    network = SiameseNetwork(NetworkConfig(width=0.1)).eval()
    image = torch.rand(1, 3, 127, 127, requires_grad=True)
    network.embed(image)[0, :, 1, 2].sum().backward()
    assert image.grad is not None
    rows, columns = image.grad[0].abs().sum(0).nonzero(as_tuple=True)
    assert (int(rows.min()) + int(rows.max())) / 2 == 43 + STRIDE * 1
    assert (int(columns.min()) + int(columns.max())) / 2 == 43 + STRIDE * 2
    assert int(rows.max() - rows.min()) + 1 == RECEPTIVE_FIELD


def test_response_is_the_sum_of_products_of_each_window() -> None:
    random = np.random.default_rng(0)
    exemplar, search = random.standard_normal((2, 5, 3, 3)), random.standard_normal((2, 5, 6, 7))
    expected = np.array(
        [
            [[(exemplar[b] * search[b, :, y : y + 3, x : x + 3]).sum() for x in range(5)] for y in range(4)]
            for b in range(2)
        ]
    )
    found = correlate(torch.from_numpy(exemplar), torch.from_numpy(search))
    np.testing.assert_allclose(found[:, 0].numpy(), expected, rtol=1e-12)


def test_gradient_of_the_correlation() -> None:
    exemplar = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    search = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(correlate, (exemplar, search))


def test_one_exemplar_serves_many_regions_and_one_region_many_exemplars() -> None:
    many, one = torch.randn(3, 4, 2, 2), torch.randn(1, 4, 5, 5)
    for k, response in enumerate(correlate(many, one)):
        torch.testing.assert_close(response[None], correlate(many[k : k + 1], one))
    exemplar, regions = torch.randn(1, 4, 2, 2), torch.randn(3, 4, 5, 5)
    for k, response in enumerate(correlate(exemplar, regions)):
        torch.testing.assert_close(response[None], correlate(exemplar, regions[k : k + 1]))


def test_response_moves_with_the_target() -> None:
    network = SiameseNetwork(TINY).eval()
    random = torch.Generator().manual_seed(1)
    scene = 255 * torch.rand(1, 3, 300, 300, generator=random)
    exemplar = scene[:, :, 60:187, 60:187]
    with torch.inference_mode():
        here = network(exemplar, scene[:, :, :255, :255])
        there = network(exemplar, scene[:, :, STRIDE : 255 + STRIDE, 2 * STRIDE : 255 + 2 * STRIDE])
    torch.testing.assert_close(here[:, :, 1:, 2:], there[:, :, :-1, :-2], rtol=1e-4, atol=1e-4)


def test_gain_and_bias() -> None:
    network = SiameseNetwork(NetworkConfig(width=0.5)).eval()
    assert network.gain.item() == pytest.approx(2e-3)  # half the channels, twice the gain
    assert not network.gain.requires_grad
    assert SiameseNetwork(NetworkConfig(train_gain=True)).gain.requires_grad
    with torch.no_grad():
        network.bias.fill_(0.5)
        exemplar, search = torch.randn(1, 128, 6, 6), torch.randn(1, 128, 9, 9)
        expected = 2e-3 * correlate(exemplar, search) + 0.5
        torch.testing.assert_close(network.respond(exemplar, search), expected)


def test_pooling_before_the_relu_changes_nothing() -> None:
    values = torch.randn(2, 4, 11, 11)
    pool = torch.nn.MaxPool2d(3, 2)
    assert torch.equal(pool(values).relu(), pool(values.relu()))


def test_same_seed_same_network() -> None:
    first, second = published(), published()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_without_normalisation_convolutions_have_a_bias() -> None:
    network = SiameseNetwork(NetworkConfig(width=0.1, norm="none"))
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    assert network.features[0].bias is not None
