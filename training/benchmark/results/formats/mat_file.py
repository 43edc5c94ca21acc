"""MATLAB's level 5 files, read lazily: only the requested parts of a variable.

[MAT-File Format, The MathWorks, chapter 1.] A file is a header of 128 bytes and a row of elements, each a tag (type
and number of bytes) and data; a variable is an element of elements, and may be deflated. Every size is compared
with the bytes that are there before anything is made of it, so no file can claim memory that it does not have:
a file from outside is read without trust.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

HEADER = 128
INFLATED = 16 << 20
"""Most bytes of a variable after inflating: 20 runs of the longest OTB sequence take 2.5 million."""
HEAD = 1024
"""Bytes of a variable in which its name is found."""

NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Types of elements that hold numbers, as numpy names them without byte order."""
TEXTS = {1: "utf-8", 2: "utf-8", 16: "utf-8", 4: "utf-16", 17: "utf-16", 18: "utf-32"}
MATRIX, DEFLATED = 14, 15
CELL, STRUCT, CHAR = 1, 2, 4
NUMERIC = range(6, 16)
COMPLEX = 0x800

Order = Literal["<", ">"]
ORDERS: Mapping[bytes, Order] = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
"""Byte order, by the end of the header: the level, and two letters."""

Element = tuple[int, memoryview]
"""Type and data."""


class MatError(Exception):
    """The file or a part of it has another form than requested; the text says what."""


@dataclass(frozen=True)
class Matrix:
    """One array of any class, not yet read.

    Attributes
    ----------
    name : str
        Empty for what lies inside another array.
    kind : int
        MATLAB's number of its class.
    flags : int
    shape : tuple of int
    rest : memoryview
        The elements behind the name.
    order : {"<", ">"}
        Byte order.
    """

    name: str
    kind: int
    flags: int
    shape: tuple[int, ...]
    rest: memoryview
    order: Order

    def cells(self) -> Iterator[Matrix]:
        """The members of a cell array; an array of another class counts as one cell."""
        return self._inner(self.rest, math.prod(self.shape)) if self.kind == CELL else iter([self])

    def records(self) -> Iterator[dict[str, Matrix]]:
        """The fields of each structure of an array of structures; none of another class."""
        if self.kind != STRUCT:
            return
        (_, length), rest = _element(self.rest, self.order)
        (_, names), rest = _element(rest, self.order)
        width = int.from_bytes(length, "little" if self.order == "<" else "big")
        if not width or not len(names) or len(names) % width:
            raise MatError("names its fields in no known way")
        fields = [
            bytes(names[at : at + width]).partition(b"\0")[0].decode("latin-1")
            for at in range(0, len(names), width)
        ]
        values = self._inner(rest, math.prod(self.shape) * len(fields))
        while record := dict(zip(fields, values, strict=False)):
            yield record

    def numbers(self) -> NDArray[np.float64]:
        """Its numbers, float64, in its shape."""
        if self.kind not in NUMERIC or self.flags & COMPLEX:
            raise MatError("is not an array of real numbers")
        count = math.prod(self.shape)
        if not count:
            return np.empty((0, 0))
        (kind, data), _ = _element(self.rest, self.order)
        if kind not in NUMBERS:
            raise MatError(f"holds data of the unknown type {kind}")
        dtype = np.dtype(f"{self.order}{NUMBERS[kind]}")
        if len(data) != count * dtype.itemsize:
            raise MatError(f"promises {count} numbers in {len(data)} bytes")
        return np.frombuffer(data, dtype).astype(np.float64).reshape(self.shape, order="F")

    def text(self) -> str:
        """The first 100 characters of a text."""
        if self.kind != CHAR:
            raise MatError("is not text")
        if not len(self.rest):
            return ""
        (kind, data), _ = _element(self.rest, self.order)
        if kind not in TEXTS:
            raise MatError(f"holds text of the unknown type {kind}")
        ending = {"<": "-le", ">": "-be"}[self.order] if TEXTS[kind] != "utf-8" else ""
        return bytes(data[:400]).decode(f"{TEXTS[kind]}{ending}", "replace")[:100]

    def _inner(self, data: memoryview, count: int) -> Iterator[Matrix]:
        """The `count` arrays that follow each other in `data`."""
        held = 0
        for kind, part in islice(_elements(data, self.order), min(count, len(data))):
            if kind != MATRIX:
                raise MatError("holds data where an array belongs")
            held += 1
            yield _matrix(part, self.order)
        if held != count:
            raise MatError(f"promises {count} arrays and holds {held}")


def find_variable(content: bytes, name: str) -> Matrix | None:
    """The variable of that name in the bytes of a file, or None.

    Raises
    ------
    MatError
        If it is no file of level 5, a size in it is wrong, or the variable inflates to more than `INFLATED`.
    """
    order = ORDERS.get(content[HEADER - 4 : HEADER])
    if order is None:
        hint = " (it is of level 7.3: save it with -v7)" if content.startswith(b"MATLAB 7.3") else ""
        raise MatError(f"is no MATLAB file of level 5{hint}")
    for kind, data in _elements(memoryview(content)[HEADER:], order):
        if kind == DEFLATED:
            if (found := _inflated(data, order, name)) is not None:
                return found
        elif kind == MATRIX and (matrix := _matrix(data, order)).name == name:
            return matrix
    return None


def _inflated(data: memoryview, order: Order, name: str) -> Matrix | None:
    try:
        head = zlib.decompressobj().decompress(data, HEAD)
        # The head is cut short, so its tag promises more than is there.
        if _matrix(memoryview(head)[8:], order).name != name:
            return None
        inflater = zlib.decompressobj()
        whole = inflater.decompress(data, INFLATED)
    except zlib.error as error:
        raise MatError(f"holds deflated data that are damaged ({error})") from None
    if inflater.unconsumed_tail:
        raise MatError(f"inflates to more than {INFLATED:,} bytes")
    (kind, inner), _ = _element(memoryview(whole), order)
    if kind != MATRIX:
        raise MatError("holds deflated data that are no variable")
    return _matrix(inner, order)


def _matrix(data: memoryview, order: Order) -> Matrix:
    if not len(data):  # MATLAB's short form of an empty array
        return Matrix("", NUMERIC[0], 0, (0, 0), data, order)
    (_, flags), rest = _element(data, order)
    if len(flags) != 8:
        raise MatError("holds an array without a class")
    word = int(np.frombuffer(flags, f"{order}u4")[0])
    if word & 0xFF > NUMERIC[-1]:  # functions and objects of later versions have parts of their own
        return Matrix("", word & 0xFF, word, (), rest, order)
    (_, shape), rest = _element(rest, order)
    (_, name), rest = _element(rest, order)
    if len(shape) % 4 or not 8 <= len(shape) <= 128:
        raise MatError("holds an array without a shape")
    sides = np.frombuffer(shape, f"{order}i4").tolist()
    if min(sides) < 0:
        raise MatError("holds an array of negative size")
    text = bytes(name).decode("latin-1")
    return Matrix(text, word & 0xFF, word, tuple(sides), rest, order)


def _elements(data: memoryview, order: Order) -> Iterator[Element]:
    while len(data) >= 8:
        element, data = _element(data, order)
        yield element


def _element(data: memoryview, order: Order) -> tuple[Element, memoryview]:
    """The first element, and what follows it."""
    if len(data) < 8:
        raise MatError("is cut short")
    first, size = np.frombuffer(data[:8], f"{order}u4").tolist()
    if first >> 16:  # a small element: size and type in one word, data in the next
        if first >> 16 > 4:
            raise MatError("holds a small element of more than four bytes")
        return (first & 0xFFFF, data[4 : 4 + (first >> 16)]), data[8:]
    if size > len(data) - 8:
        raise MatError(f"promises {size:,} bytes where {len(data) - 8:,} are left")
    step = size if first == DEFLATED else -(-size // 8) * 8
    return (first, data[8 : 8 + size]), data[8 + step :]
