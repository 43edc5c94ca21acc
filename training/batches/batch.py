"""A batch of pairs as it leaves a loader: five tensors that lie in one buffer."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class PairBatch(NamedTuple):
    """A batch as it leaves a worker.

    Parameters
    ----------
    exemplar : (B, z, z, 3) uint8 tensor
        BGR, as decoded.
    search : (B, x, x, 3) uint8 tensor
        BGR.
    offset : (B, 2) float32 tensor
        x, y of the target from the centre of the search image, px.
    colour : (B, 2, 3) float32 tensor
        Brightness, contrast and saturation of exemplar and search image.
    instances : (B, 2) int64 tensor
        Indices of the exemplar and search instance in the imdb.
    """

    exemplar: Tensor
    search: Tensor
    offset: Tensor
    colour: Tensor
    instances: Tensor


def batch_in(buffer: Tensor, size: int, exemplar: int, search: int) -> PairBatch:
    """The batch that lies in a flat buffer, as views of it.

    A worker sends one tensor, because each tensor sent to another process costs a shared file of its own.

    Parameters
    ----------
    buffer : (n,) uint8 tensor
        Of `batch_bytes` of the same sizes.
    size : int
        Pairs.
    exemplar, search : int
        Sides of the images, px.
    """
    views, start = {}, 0
    for name, (shape, kind) in _layout(size, exemplar, search).items():
        stop = start + math.prod(shape) * kind.itemsize
        views[name] = buffer[start:stop].view(kind).view(shape)
        start = stop
    return PairBatch(**views)


def batch_bytes(size: int, exemplar: int, search: int) -> int:
    """Bytes of a batch in one piece; parameters as in `batch_in`."""
    return sum(math.prod(shape) * kind.itemsize for shape, kind in _layout(size, exemplar, search).values())


def _layout(size: int, exemplar: int, search: int) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shapes and types in the order of the buffer, the widest first, so that all are aligned."""
    return {
        "instances": ((size, 2), torch.int64),
        "offset": ((size, 2), torch.float32),
        "colour": ((size, 2, 3), torch.float32),
        "exemplar": ((size, exemplar, exemplar, 3), torch.uint8),
        "search": ((size, search, search, 3), torch.uint8),
    }
