from __future__ import annotations

import math

import pytest
import torch

from training.losses.shrinkage_cross_entropy import shrinkage_cross_entropy

LABEL = torch.tensor([[[[1.0, 0.0]]]], dtype=torch.float64)


def factor(q: float) -> float:
    return math.exp(q) / (1 + math.exp(10 * (q - 0.6)))


def test_values_by_hand() -> None:
    # sigmoid(0) = 0.5 for both; sigmoid(ln 4) = 0.8 is right for the positive, 0.2 is left to the negative
    even = shrinkage_cross_entropy(torch.zeros(1, 1, 1, 2, dtype=torch.float64), LABEL, reduction="none")
    assert even.flatten().tolist() == pytest.approx([math.log(2) * factor(0.5)] * 2)
    sure = torch.full((1, 1, 1, 2), math.log(4), dtype=torch.float64)
    right, wrong = shrinkage_cross_entropy(sure, LABEL, reduction="none").flatten().tolist()
    assert right == pytest.approx(-math.log(0.8) * factor(0.8))
    assert wrong == pytest.approx(-math.log(0.2) * factor(0.2))


def test_speed_and_probability_are_used() -> None:
    logits = torch.zeros(1, 1, 1, 2, dtype=torch.float64)
    found = shrinkage_cross_entropy(logits, LABEL, speed=4.0, probability=0.25)
    assert float(found) == pytest.approx(math.log(2) * math.exp(0.5) / (1 + math.e))
