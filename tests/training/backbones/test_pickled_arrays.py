"""Dicts of arrays that numpy pickled: arrays are read, code is not run."""

from __future__ import annotations

import numpy as np
import pytest

from curation.errors import InputError
from training.backbones.tensor_files import open_tensors


class Evil:
    def __reduce__(self):
        return (print, ("run",))


def test_arrays_lists_and_dicts_of_them_are_named(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    content = {"conv1_1": [values, values[0]], "data": {"weights": values.astype("f2")}, "note": "text"}
    np.save(tmp_path / "w.npy", content, allow_pickle=True)
    with open_tensors(tmp_path / "w.npy") as file:
        assert file.names() == ["conv1_1/0", "conv1_1/1", "data/weights"]
        assert file.shape("conv1_1/0") == (2, 3)
        assert file.read("data/weights").tolist() == values.tolist()


def test_code_is_not_run(tmp_path, capsys):
    np.save(tmp_path / "w.npy", {"a": Evil()}, allow_pickle=True)
    with (
        pytest.raises(InputError, match="holds more than tensors and is not read"),
        open_tensors(tmp_path / "w.npy"),
    ):
        pass
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [np.ones(3), np.array("text")], ids=["array", "text"])
def test_one_array_is_no_network(tmp_path, content):
    np.save(tmp_path / "w.npy", content)
    with pytest.raises(InputError, match="holds one array, not a dict"), open_tensors(tmp_path / "w.npy"):
        pass
