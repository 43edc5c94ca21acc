"""The weights of an ONNX file, from its protocol buffers: names, shapes, numbers. The graph is not run.

Fields as of onnx.proto: ModelProto.graph 7; GraphProto.initializer 5; TensorProto.dims 1, data_type 2, float_data 4,
name 8, raw_data 9, data_location 14.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

_FLOAT, _FLOAT16 = 1, 10
"""TensorProto.DataType of what weights are."""


class OnnxTensors:
    """The initializers of a model by name."""

    def __init__(self, stream: BinaryIO, _path: Path) -> None:
        content = memoryview(stream.read())
        self._found: dict[str, tuple[tuple[int, ...], int, memoryview]] = {}
        for number, graph in _fields(content):
            if number == 7 and isinstance(graph, memoryview):
                for inner, tensor in _fields(graph):
                    if inner == 5 and isinstance(tensor, memoryview):
                        self._add(tensor)
        if not self._found:
            raise ValueError("it holds no weights")

    def _add(self, tensor: memoryview) -> None:
        shape: list[int] = []
        name, kind, numbers = "", 0, memoryview(b"")
        for number, value in _fields(tensor):
            if number == 1:
                shape += [value] if isinstance(value, int) else _varints(value)
            elif number == 2 and isinstance(value, int):
                kind = value
            elif number == 8 and isinstance(value, memoryview):
                name = bytes(value).decode()
            elif number in (4, 9) and isinstance(value, memoryview):
                numbers = value
            elif number == 14 and value:
                raise ValueError("its weights are in another file")
        self._found[name] = (tuple(shape), kind, numbers)

    def names(self) -> list[str]:
        return list(self._found)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._found[name][0]

    def read(self, name: str) -> Tensor:
        shape, kind, numbers = self._found[name]
        if kind not in (_FLOAT, _FLOAT16):
            raise ValueError(f"{name} holds no floating-point numbers")
        dtype = np.dtype("<f4" if kind == _FLOAT else "<f2")
        if len(numbers) != dtype.itemsize * math.prod(shape):
            raise ValueError(f"{name} promises {shape} numbers in {len(numbers)} bytes")
        return torch.from_numpy(np.frombuffer(numbers, dtype).reshape(shape).astype(np.float32))


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field of a protocol buffer; those of fixed width are left out."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif kind == 2:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("it is cut short")
            yield key >> 3, message[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError("it is no protocol buffer")


def _varints(packed: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(packed):
        value, at = _varint(packed, at)
        found.append(value)
    return found


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it."""
    value = shift = 0
    while shift < 64:
        if at >= len(message):
            raise ValueError("it is cut short")
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("it is no protocol buffer")
