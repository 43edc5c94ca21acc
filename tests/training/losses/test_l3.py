from __future__ import annotations

import torch

from training.losses.l3 import l3


def test_value_by_hand() -> None:
    found = l3(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.0, 1.0]]), reduction="none")
    assert found.tolist() == [[0.125, 8.0]]
