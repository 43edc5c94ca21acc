"""Tensors of an HDF5 file (Keras' `.h5`), read with h5py: only datasets of the file itself, no links."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from curation.errors import InputError

MOST = 10_000
"""Names in a file, at most: Keras' largest networks have some thousands."""


class Hdf5Tensors:
    """The datasets of a file by their full names, `block1/layers/conv2d/vars/0`.

    Links to other files, and data that lie in others, are not followed.

    Raises
    ------
    InputError
        If h5py is not installed.
    """

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        try:
            import h5py
        except ImportError:
            raise InputError(
                f"{path} is an HDF5 file, which the package h5py reads, and it is not installed",
                do='Run: pip install -e ".[keras]" -c constraints.txt',
                reason="missing package",
            ) from None
        self._file = h5py.File(stream, "r")
        self._found: dict[str, Any] = {}

        def add(name: str, item: Any) -> None:
            if len(self._found) >= MOST:
                raise ValueError(f"it holds more than {MOST} tensors")
            if isinstance(item, h5py.Dataset):
                self._found[name] = item

        self._file.visititems(add)  # hard links alone

    def names(self) -> list[str]:
        return list(self._found)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._found[name].shape)

    def read(self, name: str) -> Tensor:
        item = self._found[name]
        if item.external or item.is_virtual or item.dtype.kind not in "fiu":
            raise ValueError(f"{name} holds no real numbers of this file")
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused with the infinite ones
            return torch.from_numpy(np.asarray(item[()]).astype(np.float32))
