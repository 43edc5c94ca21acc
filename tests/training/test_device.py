from __future__ import annotations

from pathlib import Path

import pytest
import torch

from training import device
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


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("model name\t: x\nflags\t\t: fpu avx512f avx512_bf16\nbugs\t: none\n", True),
        ("processor\t: 0\nflags\t\t: fpu amx_bf16\n", True),
        ("model name\t: amx_bf16\nflags\t\t: fpu avx512f\n", False),
        (None, False),
    ],
)
def test_a_processor_that_multiplies_bfloat16_is_known_by_its_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, answer: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "CPU", tmp_path / "cpuinfo")
    if content is not None:
        device.CPU.write_text(content)
    assert device.multiplies_bfloat16() is answer
