from __future__ import annotations

import torch

from training.losses.l2 import l2


def test_value_by_hand() -> None:
    found = l2(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.0, 1.0]]), reduction="none")
    assert found.tolist() == [[0.25, 4.0]]
