"""The box head learns to correct boxes, the same way every time."""

from __future__ import annotations

import pytest
import torch

from training.boxes.box_pairs import BoxPairs, Components
from training.boxes.box_training import box_errors, train_box_network, with_components
from training.tracking.online.box_network import REACH, SEARCH, SIDE, TEMPLATE

CHANNELS = 12


@pytest.fixture(scope="module")
def shifted() -> BoxPairs:
    """Noise whose middle is found again up to two cells away, in x and y."""
    generator = torch.Generator().manual_seed(0)
    search = torch.randn(256, CHANNELS, SEARCH, SEARCH, generator=generator)
    search = torch.nn.functional.avg_pool2d(search, 3, 1, 1)
    shifts = torch.randint(-2, 3, (256, 2), generator=generator)
    template = torch.stack(
        [
            image[:, REACH + dy : REACH + dy + TEMPLATE, REACH + dx : REACH + dx + TEMPLATE]
            for image, (dx, dy) in zip(search, shifts.tolist(), strict=True)
        ]
    )
    correction = torch.cat([shifts / SIDE, torch.zeros(256, 2)], 1)
    return BoxPairs(template.half(), search.half(), correction)


def test_errors_shrink_and_a_seed_decides_the_weights(shifted: BoxPairs) -> None:
    one, two = (train_box_network(shifted, steps=40, seed=1) for _ in range(2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name
    before, after = box_errors(one, shifted).place
    assert after < 0.5 * before
    assert train_box_network(shifted, steps=1, seed=2).project.weight.ne(one.project.weight).any()


def test_components_and_projection_become_one_map(shifted: BoxPairs) -> None:
    generator = torch.Generator().manual_seed(1)
    components = Components(
        torch.randn(CHANNELS, 20, generator=generator), torch.randn(CHANNELS, generator=generator)
    )
    network = train_box_network(shifted, steps=2, seed=0)
    grids = torch.randn(2, 20, SEARCH, SEARCH, generator=generator)
    expected = network.project(components.of(grids))
    torch.testing.assert_close(
        with_components(network, components).project(grids), expected, rtol=1e-4, atol=1e-4
    )
