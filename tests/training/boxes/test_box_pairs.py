"""Pairs for the box head: boxes where the crops have them, corrections that lead to the target, and hopeless data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from curation.errors import InputError
from curation.imdb import load_imdb
from tests.training.backbones.random_weights import random_weights
from training.backbones.squeezenet import CAFFE_SQUEEZENET, SqueezeNet
from training.batches.augmentation import NONE
from training.batches.pair_dataset import PairDataset
from training.batches.pairs import PairConfig, PairSampler
from training.boxes import box_pairs
from training.boxes.box_pairs import draw_box_pairs
from training.boxes.pair_views import box_in_crop
from training.tracking.online.box_network import MARGIN, REACH, SEARCH, SIDE, TEMPLATE
from training.trainer.loop import Inputs


def dataset(path: Path, crops: Path) -> PairDataset:
    config = PairConfig()
    sampler = PairSampler(load_imdb(path), crops, config, name=path.name)
    return PairDataset(sampler, config, NONE, seed=0, batch=1, steps=1)


@pytest.fixture(scope="module")
def backbone() -> SqueezeNet:
    return SqueezeNet(random_weights("squeezenet"), CAFFE_SQUEEZENET)


def test_the_same_seed_draws_the_same_pairs(inputs: Inputs, backbone: SqueezeNet) -> None:
    one, components = draw_box_pairs(
        dataset(inputs.train, inputs.crops), backbone, 6, target_cells=8.0, disturbed=True
    )
    two, _ = draw_box_pairs(
        dataset(inputs.train, inputs.crops), backbone, 6, target_cells=8.0, disturbed=True
    )
    assert one.template.shape == (6, 144, TEMPLATE, TEMPLATE)
    assert one.search.shape == (6, 144, SEARCH, SEARCH)
    assert torch.equal(one.correction, two.correction)
    torch.testing.assert_close(one.search, two.search)
    again, same = draw_box_pairs(
        dataset(inputs.train, inputs.crops),
        backbone,
        2,
        target_cells=8.0,
        disturbed=True,
        components=components,
    )
    assert same is components
    torch.testing.assert_close(again.search, one.search[:2], rtol=1e-2, atol=1e-2)


def test_the_correction_leads_to_the_target(
    inputs: Inputs, backbone: SqueezeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wrong box, moved by what is to be learnt, is the target's."""
    data = dataset(inputs.train, inputs.crops)
    there, true = box_in_crop((30, 30, 30, 30), data.sampler.geometry)
    wrong = []
    kept = box_pairs._wrong_box
    monkeypatch.setattr(box_pairs, "_wrong_box", lambda *given: wrong.append(kept(*given)) or wrong[-1])
    pairs, _ = draw_box_pairs(data, backbone, 8, target_cells=8.0, disturbed=False)
    assert len({tuple(size) for _, size in wrong}) == 8
    for (centre, size), found in zip(wrong, pairs.correction.double().numpy(), strict=True):
        np.testing.assert_allclose(centre + found[:2] * size, there, atol=1e-4)
        np.testing.assert_allclose(size * np.exp(found[2:]), true, atol=1e-4)


def test_the_template_is_the_middle_of_a_search_grid_without_an_error(
    inputs: Inputs, backbone: SqueezeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box_pairs, "_wrong_box", lambda centre, size, _: (centre, size))
    pairs, _ = draw_box_pairs(
        dataset(inputs.train, inputs.crops), backbone, 3, target_cells=8.0, disturbed=False
    )
    assert float(pairs.correction.abs().max()) == 0
    inside = slice(MARGIN + 1, MARGIN + SIDE - 1)  # the background differs from frame to frame
    middle = pairs.search[..., REACH:-REACH, REACH:-REACH][..., inside, inside].float().flatten(1)
    template = pairs.template[..., inside, inside].float().flatten(1)
    assert torch.nn.functional.cosine_similarity(middle, template).min() > 0.6


@pytest.mark.parametrize("cells", [6.0, 8.0, 16.0])
def test_targets_are_as_large_as_in_tracking(
    cells: float, inputs: Inputs, backbone: SqueezeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    kept = box_pairs.cut

    def cut(*given: Any) -> np.ndarray:
        geometry = given[3]
        sizes.append(float(np.sqrt(np.prod(geometry.target))))
        assert min(geometry.cells) > 1.5 * min(geometry.target)
        return kept(*given)

    monkeypatch.setattr(box_pairs, "cut", cut)
    draw_box_pairs(dataset(inputs.train, inputs.crops), backbone, 2, target_cells=cells, disturbed=False)
    np.testing.assert_allclose(sizes, cells)


def test_data_that_teach_nothing_are_refused(
    inputs: Inputs, backbone: SqueezeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = dataset(inputs.train, inputs.crops)
    imdb = small.sampler.imdb
    monkeypatch.setattr(small.sampler, "imdb", replace(imdb, boxes=np.full_like(imdb.boxes, 9)))
    with pytest.raises(InputError, match=r"of \d+ pairs only 0 have boxes of at least 10 px"):
        draw_box_pairs(small, backbone, 2, target_cells=8.0, disturbed=False)
