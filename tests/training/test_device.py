from __future__ import annotations

import pytest
import torch

from training.device import Underway, pick_device


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    "name",
    [
        "cpu",
        pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")),
    ],
)
def test_numbers_arrive_whatever_is_computed_after_them(name: str) -> None:
    values = torch.arange(3.0, device=name)
    underway = Underway(values)
    busy = torch.randn(512, 512, device=name)
    for _ in range(4):
        busy = busy @ busy.softmax(1)
    found = underway.get()
    assert found.device.type == "cpu"
    assert found.tolist() == [0, 1, 2]
