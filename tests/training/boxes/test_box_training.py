"""The box head learns to correct boxes, the same way every time."""

from __future__ import annotations

import pytest
import torch

from training.boxes.box_pairs import BoxPairs, Components
from training.boxes.box_training import _forward, box_errors, train_box_network, with_components
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


class Places:
    """Stands for a network: gives back the first of both grids, and how its channels change along both axes."""

    def project(self, grids: torch.Tensor) -> torch.Tensor:
        return grids

    def __call__(self, template: torch.Tensor, search: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        slopes = [
            torch.stack([grid[0, :, 0, 1] - grid[0, :, 0, 0], grid[0, :, 1, 0] - grid[0, :, 0, 0]])
            for grid in (template, search)
        ]
        assert torch.equal(*slopes), "both are turned in the same way"
        return slopes[0], slopes[1]


def test_turned_pairs_have_turned_corrections() -> None:
    """The channels of the pairs are their own x and y, so that a batch says how it was turned."""
    x, y = torch.meshgrid(torch.arange(SEARCH), torch.arange(SEARCH), indexing="xy")
    search = torch.stack([x, y]).float()[None]
    pairs = BoxPairs(search[..., :TEMPLATE, :TEMPLATE], search, torch.tensor([[0.1, 0.2, 0.3, 0.4]]))
    seen = set()
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        axes, _, wanted = _forward(Places(), pairs, generator)  # type: ignore[arg-type]
        assert torch.allclose(wanted[0, :2], axes @ torch.tensor([0.1, 0.2]))
        assert torch.allclose(wanted[0, 2:], axes.abs() @ torch.tensor([0.3, 0.4]))
        seen.add(tuple(axes.flatten().tolist()))
    assert seen == {(1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, 1, 0)}
