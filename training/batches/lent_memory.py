"""Memory that loader processes write batches to and the training process reads them from, used again and again."""

from __future__ import annotations

import mmap
import weakref
from collections import deque

import numpy as np
import torch
from torch import Tensor


class LentMemory:
    """Places for batches, in memory that processes share that are forked from this one.

    To send a batch in memory of its own costs about as much as to make it: a file, its pages, and a handshake over a
    socket. The number of a place costs nothing.

    Parameters
    ----------
    places : int
        How many batches have room.
    size : int
        Bytes of a batch.

    Raises
    ------
    OSError
        If there is no memory.
    """

    def __init__(self, places: int, size: int) -> None:
        self._size = size
        self._step = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = mmap.mmap(-1, max(places, 1) * self._step)
        self._free = deque(range(places))

    def take(self) -> int | None:
        """A place that nobody uses, or None if all are in use. In the process that made this."""
        return self._free.popleft() if self._free else None

    def at(self, place: int) -> Tensor:
        """(size,) uint8: what lies in a place. For the process that writes it."""
        return torch.from_numpy(self._array(place))

    def lend(self, place: int) -> Tensor:
        """`at`, for this memory's maker. The place is free again once the tensor and all views of it are gone."""
        array = self._array(place)
        weakref.finalize(array, self._free.append, place).atexit = False
        return torch.from_numpy(array)

    def _array(self, place: int) -> np.ndarray:
        return np.frombuffer(self._memory, np.uint8, self._size, place * self._step)
