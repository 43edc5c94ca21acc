"""Tensors of an `.npy` file with a dict of arrays: Caffe's networks converted for TensorFlow.

numpy pickles such a dict. It is read by an unpickler that knows arrays and nothing else, so no code is run.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

_MADE = {
    (module, name)
    for core in ("numpy.core", "numpy._core")
    for module, name in ((f"{core}.multiarray", "_reconstruct"), (f"{core}.multiarray", "scalar"))
} | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
"""What a pickle of arrays names: constructors of numpy, and how Python 2's bytes are written since."""


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _MADE:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


class PickledArrays:
    """A dict of arrays, of lists of arrays, or of dicts of these; parts of a name are joined by `/`."""

    def __init__(self, stream: BinaryIO, _path: Path) -> None:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, _, dtype = read(stream)
        if shape != () or dtype.kind != "O":
            raise ValueError("it holds one array, not a dict of them")
        content = _ArraysOnly(stream, encoding="latin1").load()
        if isinstance(content, np.ndarray) and content.shape == ():
            content = content.item()
        self._found = dict(_arrays(content, "", 0))

    def names(self) -> list[str]:
        return list(self._found)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._found[name].shape

    def read(self, name: str) -> Tensor:
        value = self._found[name]
        if value.dtype.kind not in "fiu":
            raise ValueError(f"{name} holds no real numbers")
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused with the infinite ones
            return torch.from_numpy(value.astype(np.float32))


def _arrays(content: Any, name: str, depth: int) -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(content, np.ndarray) and content.dtype.kind != "O":
        yield name, content
    elif isinstance(content, dict | list | tuple) and depth < 4:
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield from _arrays(value, f"{name}/{key}" if name else str(key), depth + 1)
