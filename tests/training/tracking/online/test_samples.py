"""The memory: first samples stay, recent ones replace the oldest."""

from __future__ import annotations

import torch

from training.tracking.online.samples import SampleMemory


def sample(value):
    return torch.full((1, 3, 2), value, dtype=torch.complex64), torch.full((2, 2), float(value))


def held(memory):
    labels = memory.labels[:, 0, 0].tolist()
    assert memory.spectra.is_contiguous(), "a sample in one piece is read several times faster"
    assert memory.spectra[:, 0, 0].real.tolist() == labels
    return labels


def test_first_samples_stay_and_the_oldest_recent_one_goes():
    first = [sample(-1), sample(-2)]
    memory = SampleMemory(torch.cat([s for s, _ in first]), torch.stack([y for _, y in first]), recent=3)
    assert held(memory) == [-1, -2]
    for value in range(5):
        memory.add(*sample(value))
    assert len(memory) == 5
    assert held(memory)[:2] == [-1, -2]
    assert sorted(held(memory)[2:]) == [2, 3, 4]
