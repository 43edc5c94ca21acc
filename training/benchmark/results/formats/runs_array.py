"""Result files of numpy: an array rows x 4, `x y w h` 1-based, or runs x rows x 4, the repetitions of one run."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from curation.errors import InputError
from curation.outside import read_outside
from training.benchmark.arrays import Array
from training.benchmark.results.formats.format_row import Format, Result
from training.benchmark.results.formats.segments import LIMIT, Segment

EXPECTED = "Expected one array of numbers, rows x 4, or runs x rows x 4"


def read_array(path: Path) -> list[Segment]:
    """The run in a `.npy` file, or in the only array of an `.npz` file, with its repetitions.

    Raises
    ------
    InputError
        If it is no such file, or holds something else.
    """
    content = read_outside(path, limit=LIMIT, kind="a result file", do=EXPECTED)
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(found, np.ndarray):
            [name] = found.files
            found = found[name]
        return [repeated(np.asarray(found, dtype=np.float64))]
    except (ValueError, EOFError, OSError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} holds no boxes ({error})", do=EXPECTED, reason="bad format") from None


def repeated(numbers: Array) -> Segment:
    """A run from an array (N, 4), or (R, N, 4) of its repetitions; `ValueError` for another shape."""
    runs = numbers if numbers.ndim == 3 else numbers[None]
    if runs.ndim != 3 or runs.shape[2] != 4 or not runs.size:
        raise ValueError(f"its shape is {' x '.join(map(str, numbers.shape)) or 'a number'}")
    return Segment(runs[0], again=tuple(runs[1:]))


def _write(result: Result) -> dict[str, bytes]:
    stream = io.BytesIO()
    np.save(stream, result.boxes)
    return {f"{result.tracker}/{result.sequence.name}.npy": stream.getvalue()}


NPY = Format(
    "npy",
    "<tracker>/<sequence>.npy: rows x 4, or runs x rows x 4; 1-based",
    _write,
    read_array,
    ending=".npy",
)
