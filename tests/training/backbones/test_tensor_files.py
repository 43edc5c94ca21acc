"""Tensors in files from outside: every lie about sizes and types is refused before memory is asked for."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from curation.errors import InputError
from training.backbones.tensor_files import LIMIT, open_tensors

VALUES = np.arange(6, dtype=np.float64).reshape(2, 3)


def header(shape: object, descr: object = "<f4", order: bool = False) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": order, "shape": shape})
    return stream.getvalue()


def packed(path: Path, members: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def read_all(path: Path) -> dict[str, torch.Tensor]:
    with open_tensors(path) as file:
        return {name: file.read(name) for name in file.names()}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ["f2", "f4", ">f4", "f8", "i8", "u1"])
def test_arrays_of_every_real_type_and_order(save: Callable[..., None], kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save(path, c=VALUES.astype(kind), f=np.asfortranarray(VALUES.astype(kind)), s=np.array(2, kind))
    found = read_all(path)
    assert found["c"].tolist() == found["f"].tolist() == VALUES.tolist()
    assert found["s"].item() == 2
    assert all(value.dtype == torch.float32 for value in found.values())
    with open_tensors(path) as file:
        assert [file.shape(name) for name in file.names()] == [(2, 3), (2, 3), ()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (header((10**13,)) + bytes(64), r"a promises \(10000000000000,\) numbers in 64 bytes"),
        (header((2**31, 2**31, 2**31)) + bytes(64), "a promises"),
        (header((0, 10**13)) + bytes(64), "a promises"),
        (header((-4,)) + bytes(16), "no real numbers"),
        (header((4,), "|O") + pickle.dumps([1, 2, 3, 4]), "no real numbers"),
        (header((4,), "<c8") + bytes(32), "no real numbers"),
        (header((4,), "<U2") + bytes(32), "no real numbers"),
        (header((4,), [("x", "<f4")]) + bytes(16), "no real numbers"),
        (header((4,)) + bytes(15), "a promises"),
        (header((4,)) + b"\x00\x00\x80\x7f" * 4, "not finite"),
        (header((1,), "<f8") + np.array([1e300]).tobytes(), "not finite"),
        (b"notnpy", "a is not an array"),
        (b"\x93NUMPY\x02\x00" + bytes(100), "a is not an array"),
        (b"\x93NUMPY\x01\x00\x76\x00" + b"(" * 118, "damaged"),
        (b"", "a is not an array"),
    ],
)
def test_an_array_that_lies_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=rf"a\.npz is damaged \(.*{message}" if message != "damaged" else message
    ):
        read_all(packed(tmp_path / "a.npz", {"a": content}))


def test_gigabytes_in_a_small_file_are_not_inflated(tmp_path: Path) -> None:
    """Names and shapes cost nothing; a backbone asks only for the shapes that it knows."""
    size = 1 << 26
    path = tmp_path / "a.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.npy", "w") as member,
    ):
        member.write(header((size,)))
        for _ in range(64):
            member.write(bytes(size * 4 // 64))
    assert path.stat().st_size < 5_000_000
    with open_tensors(path) as file:
        assert file.shape("a") == (size,)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(packing: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="packed in another way"):
        read_all(packed(tmp_path / "a.npz", {"a": header((4,)) + bytes(16)}, packing))


def test_a_table_of_contents_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(12_000):
            archive.writestr(f"{number:040d}.npy", b"")
    with pytest.raises(InputError, match="no archive of arrays"):
        read_all(tmp_path / "a.npz")
    (tmp_path / "b.safetensors").write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    with pytest.raises(InputError, match="table of names is too large"):
        read_all(tmp_path / "b.safetensors")


def test_state_dicts_and_safetensors(tmp_path: Path) -> None:
    values = {"a": torch.from_numpy(VALUES), "b": torch.arange(3)}
    torch.save({"state_dict": values, "epoch": 3}, tmp_path / "new.pth")
    torch.save(values, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file(values, tmp_path / "a.safetensors")
    for name in ("new.pth", "old.pt", "a.safetensors"):
        found = read_all(tmp_path / name)
        assert {key: value.tolist() for key, value in found.items()} == {"a": VALUES.tolist(), "b": [0, 1, 2]}


def test_a_state_dict_whose_parts_are_packed_or_counted_twice_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1 << 16)}, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as archive:
        parts = {item.filename: archive.read(item) for item in archive.infolist()}
    with zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="packed in another way than torch's"):
        read_all(tmp_path / "b.pth")


@pytest.mark.parametrize(
    "value",
    [torch.zeros(2, dtype=torch.complex64), torch.zeros(2, 2).to_sparse(), torch.zeros(2, device="meta")],
)
def test_tensors_that_are_no_plain_numbers_are_refused(value: torch.Tensor, tmp_path: Path) -> None:
    torch.save({"a": value}, tmp_path / "a.pth")
    with pytest.raises(
        InputError, match=r"a\.pth (is damaged \(a holds no plain real numbers|holds more than)"
    ):
        read_all(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(2), {"state_dict": 3}, {"a": "b"}])
def test_what_is_no_state_dict_has_no_tensors(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.pth")
    assert read_all(tmp_path / "a.pth") == {}


@pytest.mark.parametrize("ending", ["npz", "safetensors", "pth"])
def test_pipes_and_files_without_end_are_refused(ending: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"pipe.{ending}")
    with pytest.raises(InputError, match="not a plain file"):
        read_all(tmp_path / f"pipe.{ending}")
    with (tmp_path / f"a.{ending}").open("wb") as stream:
        stream.truncate(LIMIT + 1)
    with pytest.raises(InputError, match="a file of weights can have"):
        read_all(tmp_path / f"a.{ending}")


def test_errors_of_the_reader_of_a_file_are_not_taken_for_the_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=VALUES)
    with pytest.raises(ZeroDivisionError), open_tensors(tmp_path / "a.npz"):
        raise ZeroDivisionError
