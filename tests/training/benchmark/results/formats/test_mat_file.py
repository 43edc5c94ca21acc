"""MATLAB's files: as scipy reads them, and no size in them believed."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from training.benchmark.results.formats.mat_file import INFLATED, MatError, Matrix, find_variable

KINDS = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def saved(*, compressed: bool = False, **variables: object) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, do_compression=compressed)
    return stream.getvalue()


def element(kind: int, data: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def array(
    kind: int,
    shape: tuple[int, ...],
    rest: bytes = b"",
    name: bytes = b"results",
    order: str = "<",
    flags: int = 0,
) -> bytes:
    head = element(6, struct.pack(f"{order}II", kind | flags, 0), order)
    head += element(5, struct.pack(f"{order}{len(shape)}i", *shape), order) + element(1, name, order)
    return element(14, head + rest, order)


def found(content: bytes) -> Matrix:
    matrix = find_variable(content, "results")
    assert matrix is not None
    return matrix


@given(st.data(), st.sampled_from(KINDS), st.booleans())
def test_numbers_of_every_type_are_those_of_scipy(data: Any, kind: str, compressed: bool) -> None:
    shape = data.draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
    values = np.array(data.draw(st.lists(st.integers(0, 100), min_size=16, max_size=16)))
    array = values[: shape[0] * shape[1]].reshape(shape).astype(kind)
    numbers = found(saved(compressed=compressed, other="x", results=array, after=np.ones(9))).numbers()
    assert numbers.dtype == np.float64
    if array.size:
        np.testing.assert_array_equal(numbers, array)
    else:
        assert not numbers.size


@pytest.mark.parametrize("compressed", [False, True])
def test_cells_structures_and_texts(compressed: bool) -> None:
    cells = np.empty(2, object)
    cells[0] = {"type": "rect", "size": np.arange(6.0).reshape(2, 3), "inner": {"a": 1}}
    cells[1] = {"type": "résultat", "empty": np.zeros(0)}
    first, second = (
        record
        for cell in found(saved(compressed=compressed, results=cells)).cells()
        for record in cell.records()
    )
    assert first["type"].text() == "rect"
    assert second["type"].text() == "résultat"
    assert second["empty"].numbers().size == 0
    (inner,) = first["inner"].records()
    assert inner["a"].numbers().tolist() == [[1]]


def test_the_other_byte_order() -> None:
    numbers = element(9, struct.pack(">4d", 1, 2, 3, 4), ">")
    content = HEADER[:124] + b"\x01\x00MI" + array(6, (2, 2), numbers, order=">")
    assert found(content).numbers().tolist() == [[1, 3], [2, 4]]


def test_an_array_of_structures_is_one_record_each() -> None:
    records = np.array([(1.0,), (2.0,)], dtype=[("res", object)])
    assert [r["res"].numbers().item() for r in found(saved(results=records)).records()] == [1, 2]


def test_what_is_not_asked_for_is_passed_over() -> None:
    """Functions, objects of later versions and damaged variables beside the wanted one."""
    odd = array(17, (), b"anything") + array(16, (1, 1), b"\xff" * 64, name=b"f")
    content = HEADER + odd + array(6, (1, 1), element(9, struct.pack("<d", 7)))
    assert found(content).numbers().item() == 7
    assert find_variable(content, "none") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no MATLAB file"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF", "save it with -v7"),
        (HEADER + struct.pack("<II", 14, 1 << 31), "promises 2,147,483,648 bytes where 0 are left"),
        (HEADER + array(6, (1 << 30, 4), element(9, b"\0" * 64)), "promises 4294967296 numbers in 64 bytes"),
        (HEADER + array(6, (-1, 4)), "negative size"),
        (HEADER + array(1, (1 << 30, 1 << 30)), "promises 1152921504606846976 arrays and holds 0"),
        (HEADER + array(1, (1 << 30,) * 30), "arrays and holds 0"),
        (
            HEADER + array(2, (1 << 30, 1 << 30), element(5, b"\4\0\0\0") + element(1, b"res\0")),
            "arrays and holds 0",
        ),
        (HEADER + array(2, (1, 1), element(5, b"\0\0\0\0") + element(1, b"")), "names its fields"),
        (HEADER + array(6, (1, 1), element(9, b"\0" * 8), flags=0x800), "not an array of real numbers"),
        (HEADER + array(5, (1, 1), element(9, b"\0" * 8)), "not an array of real numbers"),
        (HEADER + array(6, (1, 1), element(99, b"\0" * 8)), "unknown type 99"),
        (HEADER + element(14, b""), "no array"),
        (HEADER + struct.pack("<II", 15, 4) + b"\0\1\2\3", "damaged"),
    ],
)
def test_a_size_that_lies_is_refused_before_anything_is_made_of_it(content: bytes, message: str) -> None:
    def read() -> object:
        matrix = find_variable(content, "results")
        if matrix is None:
            raise MatError("no array")
        return [record for cell in matrix.cells() for record in cell.records()] or matrix.numbers()

    with pytest.raises(MatError, match=message):
        read()


def test_cells_within_cells_cost_no_stack() -> None:
    depth = 100_000
    empty = array(1, (1, 1), name=b"")
    heads = (struct.pack("<II", 14, (depth - level) * len(empty) - 8) + empty[8:] for level in range(depth))
    (cell,) = found(HEADER + array(1, (1, 1), b"".join(heads))).cells()
    assert list(cell.records()) == []
    (inner,) = cell.cells()
    assert inner.kind == 1


def test_a_bomb_is_refused_by_its_size_inflated() -> None:
    packed = zlib.compress(array(6, (1, 1 << 25), element(9, bytes(INFLATED + 8))))
    assert len(packed) < 1 << 20
    with pytest.raises(MatError, match="inflates to more than 16,777,216 bytes"):
        found(HEADER + struct.pack("<II", 15, len(packed)) + packed)
    other = zlib.compress(array(6, (1, 1 << 25), element(9, bytes(INFLATED)), name=b"other"))
    assert find_variable(HEADER + (struct.pack("<II", 15, len(other)) + other) * 20, "results") is None
