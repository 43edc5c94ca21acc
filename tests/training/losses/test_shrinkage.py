from __future__ import annotations

import math

import pytest
import torch

from training.losses.l2 import l2
from training.losses.shrinkage import shrinkage


def value(prediction: float, label: float, **options: float | bool) -> float:
    found = shrinkage(
        torch.tensor([[prediction]], dtype=torch.float64),
        torch.tensor([[label]], dtype=torch.float64),
        **options,
    )
    return float(found)


def test_values_by_hand() -> None:
    # l = 0.3: 0.09 / (1 + exp(10 (0.2 - 0.3))) = 0.09 / 1.36788
    assert value(0.3, 0.0) == pytest.approx(0.0657953, rel=1e-5)
    assert value(0.7, 1.0) == pytest.approx(math.e * 0.0657953, rel=1e-5)
    assert value(0.7, 1.0, weighted=False) == pytest.approx(0.0657953, rel=1e-5)
    # at l = c the factor is one half, whatever the speed
    assert value(0.2, 0.0, speed=37.0) == pytest.approx(0.02)


def test_easy_samples_shrink_and_hard_ones_keep_l2() -> None:
    label = torch.zeros(1, 1)
    for error, share in ((0.01, 0.13), (1.5, 1.0)):
        prediction = torch.full((1, 1), error)
        ratio = shrinkage(prediction, label, weighted=False) / l2(prediction, label)
        assert float(ratio) == pytest.approx(share, abs=0.005)
