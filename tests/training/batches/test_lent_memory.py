from __future__ import annotations

import os

import pytest
import torch

from training.batches.lent_memory import LentMemory


def test_what_a_forked_process_writes_is_read_here() -> None:
    memory = LentMemory(2, 5)
    child = os.fork()
    if not child:
        for place in (0, 1):
            memory.at(place)[:] = torch.arange(5, dtype=torch.uint8) + 10 * place
        os._exit(0)
    os.waitpid(child, 0)
    assert memory.lend(0).tolist() == [0, 1, 2, 3, 4]
    assert memory.lend(1).tolist() == [10, 11, 12, 13, 14]


def test_a_place_is_free_again_when_the_last_view_of_it_is_gone() -> None:
    memory = LentMemory(2, 8)
    places = [memory.take(), memory.take()]
    assert places == [0, 1]
    assert memory.take() is None
    tensor = memory.lend(1)
    view = tensor[2:6].view(torch.int16)
    del tensor
    assert memory.take() is None
    del view
    assert memory.take() == 1
    assert memory.take() is None


def test_what_is_lent_outlives_the_memory() -> None:
    memory = LentMemory(1, 4)
    memory.at(0)[:] = 7
    tensor = memory.lend(0)
    del memory
    assert tensor.tolist() == [7] * 4


def test_too_much_is_an_error_of_the_system() -> None:
    with pytest.raises((OSError, OverflowError)):
        LentMemory(1 << 20, 1 << 50)
