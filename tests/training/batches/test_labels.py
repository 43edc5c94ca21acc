from __future__ import annotations

import math

import pytest
import torch

from training.batches.label_config import LabelConfig
from training.batches.labels import label_maps


def test_gaussian_by_hand() -> None:
    label = label_maps(17, torch.zeros(1, 2), LabelConfig(sigma=1.5))
    assert label.shape == (1, 1, 17, 17)
    assert label.dtype == torch.float32
    assert label[0, 0, 8, 8] == 1
    assert label.max() == 1
    assert float(label[0, 0, 8, 9]) == pytest.approx(math.exp(-1 / 4.5))
    assert float(label[0, 0, 6, 9]) == pytest.approx(math.exp(-5 / 4.5))


def test_the_peak_follows_the_target_by_cells_and_parts_of_cells() -> None:
    label = label_maps(9, torch.tensor([[2.0, -1.0], [0.5, 0.0]]), LabelConfig(sigma=1.5))
    assert divmod(int(label[0].argmax()), 9) == (4 - 1, 4 + 2)
    assert float(label[1, 0, 4, 4]) == pytest.approx(math.exp(-0.25 / 4.5))
    assert label[1, 0, 4, 4] == label[1, 0, 4, 5]


def test_disc_has_the_stated_radius() -> None:
    label = label_maps(7, torch.zeros(1, 2), LabelConfig(kind="disc", radius=2.0))[0, 0]
    assert label.sum() == 13
    assert label[3, 5] == 1  # exactly 2 away
    assert label[2, 5] == 0
    assert set(label.unique().tolist()) == {0.0, 1.0}


def test_even_maps_have_their_centre_between_cells() -> None:
    label = label_maps(4, torch.zeros(1, 2), LabelConfig())[0, 0]
    assert label[1, 1] == label[2, 2] == label.max()
