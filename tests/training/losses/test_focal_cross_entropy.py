from __future__ import annotations

import math

import pytest
import torch

from training.losses.balanced_cross_entropy import balanced_cross_entropy
from training.losses.focal_cross_entropy import focal_cross_entropy


def test_value_by_hand() -> None:
    label = torch.tensor([[[[1.0, 0.0]]]], dtype=torch.float64)
    logits = torch.full((1, 1, 1, 2), math.log(4), dtype=torch.float64)  # p = 0.8
    found = focal_cross_entropy(logits, label, gamma=2, reduction="none").flatten().tolist()
    assert found == pytest.approx([-math.log(0.8) * 0.2**2, -math.log(0.2) * 0.8**2])


def test_gamma_zero_is_balanced_cross_entropy() -> None:
    label, logits = torch.rand(2, 1, 3, 3), torch.randn(2, 1, 3, 3)
    torch.testing.assert_close(
        focal_cross_entropy(logits, label, gamma=0), balanced_cross_entropy(logits, label)
    )
