from __future__ import annotations

import torch

from training.losses.focal_l2 import focal_l2
from training.losses.l2 import l2
from training.losses.l3 import l3

PREDICTION = torch.tensor([[0.5, -0.25, 3.0]])
LABEL = torch.zeros(1, 3)


def test_value_by_hand() -> None:
    found = focal_l2(PREDICTION, LABEL, gamma=2, reduction="none")
    assert found.tolist() == [[0.0625, 0.00390625, 9.0]]


def test_gamma_zero_is_l2_and_gamma_one_is_l3_up_to_an_error_of_one() -> None:
    assert torch.equal(focal_l2(PREDICTION, LABEL, gamma=0), l2(PREDICTION, LABEL))
    assert torch.equal(
        focal_l2(PREDICTION[:, :2], LABEL[:, :2], gamma=1), l3(PREDICTION[:, :2], LABEL[:, :2])
    )
