"""The box head's grids, its answer to shifts and stretches, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from curation.errors import InputError
from tests.training.tracking.scenes import texture
from training.tracking.online.box_network import (
    REACH,
    SEARCH,
    SIDE,
    TEMPLATE,
    BoxNetwork,
    _line,
    grid,
    load_box_network,
    save_box_network,
)


def maps(side: int = 41) -> torch.Tensor:
    """Smooth noise, (1, 6, side, side)."""
    image = np.concatenate([texture(side, side, seed, grain=6) for seed in (1, 2)], -1)
    return torch.from_numpy(image).float().permute(2, 0, 1)[None] / 255


def network() -> BoxNetwork:
    torch.manual_seed(0)
    return BoxNetwork(6).eval()


def test_a_grid_covers_the_box_and_its_surroundings() -> None:
    ramp = torch.arange(41.0).expand(1, 2, 41, 41) - 20  # x, cells from the middle
    found = grid(ramp, (10.0, 4.0), TEMPLATE, middle=(3.0, 0.0))
    assert found.shape == (1, 2, TEMPLATE, TEMPLATE)
    cell = 10 / SIDE
    torch.testing.assert_close(found[0, 0, 0], 3 + cell * (torch.arange(TEMPLATE) - (TEMPLATE - 1) / 2))
    beyond = grid(ramp, (30.0, 4.0), SEARCH)
    assert (float(beyond.min()), float(beyond.max())) == (-20, 20)


@pytest.mark.parametrize(("axis", "cells"), [(0, 1), (0, -2), (1, 2), (1, -1)])
def test_even_untrained_it_sees_a_shift(axis: int, cells: int) -> None:
    """By whole cells of the grid: the cost volume alone tells it."""
    box = network()
    middle = [0.0, 0.0]
    middle[axis] = -float(cells)  # the target is `cells` to the right of the box
    template = box.project(grid(maps(), (8.0, 8.0), TEMPLATE))
    search = box.project(grid(maps(), (8.0, 8.0), SEARCH, middle=(middle[0], middle[1])))
    found, _ = box(template, search)
    still, _ = box(template, box.project(grid(maps(), (8.0, 8.0), SEARCH)))
    moved = (found - still)[0].detach()
    assert moved[axis] * cells > 0
    assert moved[axis].abs() > 3 * moved[1 - axis].abs()
    assert still.abs().max() < 0.05


def test_a_line_through_the_cells_gives_shift_and_stretch() -> None:
    along = torch.linspace(-0.5, 0.5, 9).expand(9, 9)
    shift, stretch = _line(along, (0.1 + 1.2 * along)[None], torch.zeros(1, 9, 9))
    torch.testing.assert_close(shift, torch.tensor([0.1]))
    assert 0.14 < float(stretch) < float(np.log(1.2))  # it holds on to the size a little
    outlier = 0.1 + 1.2 * along[None].clone()
    outlier[:, :, 0] = 3
    trust = torch.zeros(1, 9, 9)
    trust[:, :, 0] = -6
    shift, _ = _line(along, outlier, trust)
    assert abs(float(shift) - 0.1) < 0.03


def test_a_file_gives_the_network_back(tmp_path: Path) -> None:
    box = network()
    save_box_network(tmp_path / "b.safetensors", box, {"backbone": "squeezenet"})
    back = load_box_network(tmp_path / "b.safetensors", "squeezenet")
    for name, value in box.state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], value, rtol=1e-3, atol=1e-3)
    assert not any(parameter.requires_grad for parameter in back.parameters())


def test_other_files_are_refused(tmp_path: Path) -> None:
    good = tmp_path / "b.safetensors"
    save_box_network(good, network(), {"backbone": "squeezenet"})
    with pytest.raises(InputError, match="was trained on squeezenet, and the backbone is vgg16"):
        load_box_network(good, "vgg16")
    with pytest.raises(InputError, match="there is no box head"):
        load_box_network(tmp_path / "none.safetensors", "squeezenet")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(good.read_bytes()[:-100])
    foreign = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"project.weight": torch.zeros(2)}, foreign)
    lacking = tmp_path / "lacking.safetensors"
    state = {name: value for name, value in network().state_dict().items() if name != "mix.bias"}
    safetensors.torch.save_file(state, lacking, {"dslt_box_head": '{"backbone": "squeezenet"}'})
    text = tmp_path / "text.safetensors"
    text.write_text("hello, I am no weights file at all")
    for file, words in (
        (cut, "not a whole box head"),
        (foreign, "no box head of this project"),
        (lacking, "not a whole box head"),
        (text, "not a whole box head"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            load_box_network(file, "squeezenet")
        assert "python -m pipelines box_head" in caught.value.do


def test_the_search_grid_has_the_template_in_its_middle() -> None:
    template, search = grid(maps(), (8.0, 6.0), TEMPLATE), grid(maps(), (8.0, 6.0), SEARCH)
    torch.testing.assert_close(search[..., REACH:-REACH, REACH:-REACH], template)
