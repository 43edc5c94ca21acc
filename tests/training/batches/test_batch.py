from __future__ import annotations

import torch

from training.batches.batch import PairBatch, batch_bytes, batch_in


def test_a_batch_is_views_of_one_buffer_that_fill_it_without_overlap() -> None:
    size = batch_bytes(3, 5, 7)
    buffer = torch.zeros(size, dtype=torch.uint8)
    batch = batch_in(buffer, 3, 5, 7)
    assert {name: tuple(part.shape) for name, part in batch._asdict().items()} == {
        "exemplar": (3, 5, 5, 3),
        "search": (3, 7, 7, 3),
        "offset": (3, 2),
        "colour": (3, 2, 3),
        "instances": (3, 2),
    }
    assert sum(part.nbytes for part in batch) == size
    for part in batch:
        part.view(torch.uint8).add_(1)
    assert buffer.tolist() == [1] * size


def test_every_size_is_aligned() -> None:
    for pairs in (1, 2, 3, 8):
        batch = batch_in(torch.empty(batch_bytes(pairs, 95, 143), dtype=torch.uint8), pairs, 95, 143)
        assert isinstance(batch, PairBatch)
        for part in batch:
            assert part.data_ptr() % part.element_size() == 0
            part.numpy()[...] = 1
            assert part.eq(1).all()
