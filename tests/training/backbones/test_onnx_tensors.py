"""Weights of ONNX files: in every form of them, by torch's exporter where its package is, and those that lie."""

from __future__ import annotations

import numpy as np
import pytest

from curation.errors import InputError
from training.backbones.tensor_files import open_tensors

VALUES = np.arange(12, dtype="<f4").reshape(3, 4)


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def model(*tensors):
    """A ModelProto as of onnx.proto: a version, a producer, and a graph that holds the tensors."""
    graph = field(2, b"graph") + b"".join(field(5, tensor) for tensor in tensors)
    return field(1, 8) + field(2, b"test") + field(7, graph)


def tensor(name, shape=(3, 4), kind=1, numbers=None, *, packed=True, at=9, place=0):
    dims = field(1, b"".join(map(varint, shape))) if packed else b"".join(field(1, side) for side in shape)
    content = VALUES.astype("<f2" if kind == 10 else "<f4").tobytes() if numbers is None else numbers
    return dims + field(2, kind) + field(8, name) + field(at, content) + (field(14, place) if place else b"")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.onnx"


def test_initializers_in_every_form(path):
    path.write_bytes(
        model(
            tensor(b"raw"), tensor(b"floats", at=4), tensor(b"half", kind=10), tensor(b"loose", packed=False)
        )
    )
    with open_tensors(path) as file:
        assert file.names() == ["raw", "floats", "half", "loose"]
        for name in file.names():
            assert file.shape(name) == (3, 4)
            assert file.read(name).tolist() == VALUES.tolist()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (model(tensor(b"a", shape=(9, 9))), r"a promises \(9, 9\) numbers in 48 bytes"),
        (model(tensor(b"a", kind=7)), "a holds no floating-point numbers"),
        (model(tensor(b"a", place=1)), "are in another file"),
        (model(tensor(b"a"))[:-9], "cut short"),
        (model(), "holds no weights"),
        (b"\xff" * 20, "no protocol buffer"),
        (b"\x0f", "no protocol buffer"),
        (b"", "holds no weights"),
    ],
)
def test_files_that_lie_are_refused(path, content, problem):
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"w\.onnx is damaged \(.*{problem}"), open_tensors(path) as file:
        file.read("a")


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # of this exporter: the new one needs another package
def test_what_torch_exports_is_read(path):
    """With the real writer, where its package is."""
    pytest.importorskip(
        "onnx", reason="the package onnx, with which torch writes such files, is not installed"
    )
    import torch

    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    torch.onnx.export(network, (torch.zeros(1, 3, 8, 8),), str(path), dynamo=False)
    with open_tensors(path) as file:
        assert torch.equal(file.read("0.weight"), network[0].weight.detach())
