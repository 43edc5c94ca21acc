"""HDF5 files from outside: what they point to is not read, and the real VGG-16 of the package index is."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from curation.errors import InputError
from training.backbones.tensor_files import open_tensors


def read(path, name="a"):
    with open_tensors(path) as file:
        return file.names(), file.read(name).numpy()


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="the extra `keras` is not installed")


def test_datasets_are_found_in_their_groups_packed_or_not(tmp_path, h5py):
    values = np.arange(6.0).reshape(2, 3)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"] = values
        file.create_dataset("g/b", data=values, compression="gzip")
        file["words"] = "not a tensor"
    names, found = read(tmp_path / "w.h5")
    assert names == ["a", "g/b", "words"]
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(read(tmp_path / "w.h5", "g/b")[1], values)
    with pytest.raises(InputError, match="words holds no real numbers"):
        read(tmp_path / "w.h5", "words")


def test_nothing_of_other_files_is_read(tmp_path, h5py):
    np.arange(4, dtype="<f4").tofile(tmp_path / "secret.bin")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = np.ones(3)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["linked"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "a")
        file.create_dataset("raw", (4,), "<f4", external=str(tmp_path / "secret.bin"))
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "a", (3,))
        file.create_virtual_dataset("virtual", layout)
    with open_tensors(tmp_path / "w.h5") as file:
        assert sorted(file.names()) == ["raw", "virtual"]
        for name in file.names():
            with pytest.raises(InputError, match=f"{name} holds no real numbers of this file"):
                file.read(name)


def test_a_damaged_file_is_one_line(tmp_path, h5py):
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(60))
    with pytest.raises(InputError, match=r"w\.h5 is damaged"):
        read(tmp_path / "w.h5")


def test_without_h5py_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(InputError, match=r"Run: pip install -e \"\.\[keras\]\""):
        read(tmp_path / "w.h5")
