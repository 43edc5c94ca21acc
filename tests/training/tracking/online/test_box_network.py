"""The box head's grids, its answer to shifts and stretches, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from curation.errors import InputError
from tests.training.backbones.random_weights import random_weights
from tests.training.tracking.scenes import texture
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet
from training.tracking.online.box_network import (
    KEY,
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


@pytest.fixture(scope="module")
def squeezenet() -> SqueezeNet:
    return SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET)


def box_head(squeezenet: SqueezeNet) -> BoxNetwork:
    torch.manual_seed(0)
    return BoxNetwork(sum(squeezenet.channels))


def test_a_file_gives_the_network_back(tmp_path: Path, squeezenet: SqueezeNet) -> None:
    box = box_head(squeezenet)
    save_box_network(tmp_path / "b.safetensors", box, {"backbone": "squeezenet"})
    back = load_box_network(tmp_path / "b.safetensors", squeezenet)
    for name, value in box.state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], value, rtol=1e-3, atol=1e-3)
    assert not any(parameter.requires_grad for parameter in back.parameters())


def test_other_files_are_refused(tmp_path: Path, squeezenet: SqueezeNet) -> None:
    good = tmp_path / "good.safetensors"
    save_box_network(good, box_head(squeezenet), {"backbone": "squeezenet"})
    content, state = good.read_bytes(), safetensors.torch.load_file(good)
    mine = {KEY: '{"backbone": "squeezenet"}'}
    nan = state["sharpness"].clone().fill_(float("nan"))
    cases: dict[str, tuple[bytes, str]] = {
        "cut": (content[:-100], "not a whole box head"),
        "text": (b"hello, I am no weights file at all", "not a whole box head"),
        "empty": (b"", "not a whole box head"),
        "foreign": (safetensors.torch.save({"a": torch.zeros(2)}), "no box head of this project"),
        "list": (safetensors.torch.save(state, {KEY: "[1]"}), "no box head of this project"),
        "no JSON": (safetensors.torch.save(state, {KEY: "{"}), "not a whole box head"),
        "lacking": (
            safetensors.torch.save({k: v for k, v in state.items() if k != "mix.bias"}, mine),
            "not a whole box head",
        ),
        "flat": (
            safetensors.torch.save({**state, "project.weight": torch.zeros(2)}, mine),
            "not a whole box head",
        ),
        "nan": (safetensors.torch.save({**state, "sharpness": nan}, mine), "are no numbers"),
        "other": (safetensors.torch.save(state, {KEY: '{"backbone": "vgg16"}'}), "was trained on vgg16"),
    }
    for name, (written, words) in cases.items():
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(written)
        with pytest.raises(InputError, match=words) as caught:
            load_box_network(file, squeezenet)
        assert "python -m pipelines box_head" in caught.value.do
    with pytest.raises(InputError, match="there is no box head"):
        load_box_network(tmp_path / "none.safetensors", squeezenet)


def test_the_search_grid_has_the_template_in_its_middle() -> None:
    template, search = grid(maps(), (8.0, 6.0), TEMPLATE), grid(maps(), (8.0, 6.0), SEARCH)
    torch.testing.assert_close(search[..., REACH:-REACH, REACH:-REACH], template)
