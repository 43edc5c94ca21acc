"""Tensors in files from outside, listed first and read one by one. No code is run; sizes are checked.

A file of weights is opened to see names and shapes; only the layers that a backbone needs are then read, so what a
file claims beside them costs nothing.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from curation.errors import InputError
from curation.outside import open_outside
from training.backbones.hdf5_tensors import Hdf5Tensors
from training.backbones.onnx_tensors import OnnxTensors
from training.backbones.pickled_arrays import PickledArrays
from training.messages import first_line, memory_is_full

LIMIT = 640 << 20
"""Most bytes of a file; all of VGG-16 in float32 are 553 million."""

ASK = "Give .npz, .safetensors, a .pth state dict, Keras' .h5, .npy or .onnx of the backbone"
AGAIN = "Copy or fetch the file again; if it stays so, take another file of the backbone"

_DIRECTORY = 1 << 20
"""Most bytes of an archive's table of contents, and of the table of names of a safetensors file."""
_END, _TAIL = b"PK\x05\x06", (1 << 16) + 22
"""What the end of a zip begins with, and in how many last bytes of the file it stands."""
_NESTED = 4
"""Dicts within each other that are looked into."""
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "network", "net", "weights", "params")
"""What training programs call the dict of a network in their checkpoints."""
_NPY = b"\x93NUMPY\x01\x00"


class TensorFile:
    """An open file of named tensors, see `open_tensors`."""

    def __init__(self, path: Path, reader: _Reader) -> None:
        self._path, self._reader = path, reader

    def names(self) -> list[str]:
        """Names of all tensors."""
        return self._reader.names()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one, without reading it."""
        with _distrusted(self._path):
            return self._reader.shape(name)

    def read(self, name: str) -> Tensor:
        """One as float32, on the CPU.

        Raises
        ------
        InputError
            If it is damaged, or holds something else than finite real numbers.
        """
        with _distrusted(self._path):
            value = self._reader.read(name)
            if not value.isfinite().all():
                raise ValueError(f"{name} holds numbers that are not finite")
            return value


class _Reader(Protocol):
    """The interface of one kind of file; any error means a damaged file."""

    def names(self) -> list[str]: ...

    def shape(self, name: str) -> tuple[int, ...]: ...

    def read(self, name: str) -> Tensor: ...


@contextmanager
def open_tensors(path: Path) -> Iterator[TensorFile]:
    """Open a file of one of the `_KINDS`; nothing in it is run.

    Raises
    ------
    InputError
        If the file is missing, of another kind, no plain file, larger than `LIMIT`, damaged, or would need code to
        be run.
    """
    kind = _KINDS.get(path.suffix)
    if kind is None:
        raise InputError(
            f"{path}: {path.suffix or 'a file without ending'} is not known", do=ASK, reason="bad file"
        )
    try:
        with open_outside(path, limit=LIMIT, kind="a file of weights", do=ASK) as stream:
            with _distrusted(path):
                reader = kind(stream, path)
            yield TensorFile(path, reader)
    except FileNotFoundError:
        raise InputError(f"backbone weights {path} are missing", do=ASK, reason="missing file") from None


@contextmanager
def _distrusted(path: Path) -> Iterator[None]:
    """Turn any error of a library in the block into a fault of the file."""
    try:
        yield
    except InputError:
        raise
    except pickle.UnpicklingError:
        raise InputError(
            f"{path} holds more than tensors and is not read", do=ASK, reason="unsafe file"
        ) from None
    except Exception as error:
        fault = "is damaged, or the memory is full" if memory_is_full(error) else "is damaged"
        raise InputError(f"{path} {fault} ({first_line(error)})", do=AGAIN, reason="damaged file") from None


class _Arrays:
    """`.npz`: a zip of arrays as numpy writes them, each a header and its numbers."""

    def __init__(self, stream: BinaryIO) -> None:
        _check_directory(stream)
        self._zip = zipfile.ZipFile(stream)
        self._members = {item.filename.removesuffix(".npy"): item for item in self._zip.infolist()}

    def names(self) -> list[str]:
        return list(self._members)

    def shape(self, name: str) -> tuple[int, ...]:
        with self._zip.open(self._member(name)) as stream:
            return self._header(stream, name)[0]

    def read(self, name: str) -> Tensor:
        with self._zip.open(self._member(name)) as stream:
            shape, order, dtype = self._header(stream, name)
            values = np.frombuffer(stream.read(), dtype).reshape(shape, order=order)
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused with the infinite ones
            return torch.from_numpy(values.astype(np.float32))

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = self._members[name]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name} is packed in another way than numpy's")
        return member

    def _header(self, stream: IO[bytes], name: str) -> tuple[tuple[int, ...], Any, np.dtype[Any]]:
        """Shape, order and type of an array, whose numbers are as many bytes as the archive says."""
        if stream.read(len(_NPY)) != _NPY:
            raise ValueError(f"{name} is not an array")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.kind not in "fiu" or min(shape, default=0) < 0:
            raise ValueError(f"{name} holds no real numbers")
        size = self._members[name].file_size - stream.tell()
        if size != dtype.itemsize * int(np.prod(shape, dtype=object)):
            raise ValueError(f"{name} promises {shape} numbers in {size} bytes")
        return shape, "F" if fortran else "C", dtype


class _Safetensors:
    """`.safetensors`: a table of names in JSON, and the numbers."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        if int.from_bytes(stream.read(8), "little") > _DIRECTORY:
            raise ValueError("its table of names is too large")
        self._file = safe_open(path, framework="pt")

    def names(self) -> list[str]:
        return list(self._file.keys())

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file.get_slice(name).get_shape())

    def read(self, name: str) -> Tensor:
        return _real(self._file.get_tensor(name), name)


class _StateDict:
    """`.pth`, `.pt`: what `torch.save` wrote, unpickled without running anything but torch's own constructors."""

    def __init__(self, stream: BinaryIO) -> None:
        if zipfile.is_zipfile(stream):
            _check_directory(stream)
            members = zipfile.ZipFile(stream).infolist()
            packed = any(item.compress_type != zipfile.ZIP_STORED for item in members)
            if packed or sum(item.file_size for item in members) > stream.seek(0, os.SEEK_END):
                raise ValueError("it is packed in another way than torch's")
        stream.seek(0)
        state = torch.load(stream, map_location="cpu", weights_only=True)
        self._tensors: dict[str, Tensor] = {}
        for name, value in _tensors(state, "", 0):
            self._tensors.setdefault(name, value)

    def names(self) -> list[str]:
        return list(self._tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._tensors[name].shape)

    def read(self, name: str) -> Tensor:
        return _real(self._tensors[name], name)


_KINDS: Mapping[str, Callable[[BinaryIO, Path], _Reader]] = {
    ".npz": lambda stream, _: _Arrays(stream),
    ".safetensors": _Safetensors,
    ".pth": lambda stream, _: _StateDict(stream),
    ".pt": lambda stream, _: _StateDict(stream),
    ".bin": lambda stream, _: _StateDict(stream),
    ".h5": Hdf5Tensors,
    ".hdf5": Hdf5Tensors,
    ".npy": PickledArrays,
    ".onnx": OnnxTensors,
}


def _tensors(state: object, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    """Tensors of a checkpoint by name; those of a dict within it behind that dict's name, if that is one of a layer."""
    if isinstance(state, Tensor) and name:
        yield name, state
    elif isinstance(state, Mapping) and depth < _NESTED:
        for key, value in state.items():
            inside = isinstance(value, Mapping) and key in _WRAPPERS
            yield from _tensors(value, name if inside else f"{name}.{key}" if name else str(key), depth + 1)


def _check_directory(stream: BinaryIO) -> None:
    """Raise `ValueError` for a zip whose table of contents would fill the memory; leaves the stream anywhere."""
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
    tail = stream.read()
    at = len(tail) - 22 if tail[-22:].startswith(_END) else tail.rfind(_END)
    if at < 0 or int.from_bytes(tail[at + 12 : at + 16], "little") > _DIRECTORY:
        raise ValueError("it is no archive of arrays")


def _real(value: Tensor, name: str) -> Tensor:
    if (
        value.layout != torch.strided
        or value.is_complex()
        or value.is_quantized
        or value.device.type != "cpu"
    ):
        raise ValueError(f"{name} holds no plain real numbers")
    return value.detach().float()
