"""Read the lists of a large JSON object element by element: memory is that of one element, not of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from curation.errors import InputError

CHUNK = 1 << 20
"""Characters read at once."""

LONGEST = 1 << 26
"""Most characters of one element."""

_SPACE = re.compile(r"[\s,]*")


def stream(path: Path) -> Iterator[tuple[str, Any]]:
    """Key and element, for each element of each list at the top of a JSON object; other values come whole.

    Raises
    ------
    InputError
        If the file is missing, or not whole JSON of that form.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _Reader(file).pairs()
    except (ValueError, OSError, RecursionError) as error:  # those of decoding are ValueErrors
        raise InputError(
            f"{path} is not whole JSON ({getattr(error, 'strerror', None) or error})",
            do="Restore the file",
            reason="damaged file",
        ) from None


class _Reader:
    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decode = json.JSONDecoder().raw_decode

    def pairs(self) -> Iterator[tuple[str, Any]]:
        self._take("{")
        while self._next() != "}":
            key = str(self._value())
            self._take(":")
            if self._next() != "[":
                yield key, self._value()
                continue
            self._take("[")
            while self._next() != "]":
                yield key, self._value()
            self._take("]")

    def _next(self) -> str:
        """The next character that is neither space nor comma."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise ValueError("it ends early")

    def _take(self, wanted: str) -> None:
        if self._next() != wanted:
            raise ValueError(f"{self._next()!r} stands where {wanted!r} should")
        self._at += 1

    def _value(self) -> Any:
        self._next()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
                # A number that ends with the text may go on behind it.
                if end < len(self._text) or not self._more():
                    self._at = end
                    return value
            except json.JSONDecodeError:
                if len(self._text) - self._at > LONGEST or not self._more():
                    raise

    def _more(self) -> bool:
        part = self._file.read(max(CHUNK, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + part, 0
        return bool(part)
