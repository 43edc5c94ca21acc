"""JSON documents between stages, checked here only.

A document is a frozen dataclass with one reader and one writer. Its reader says how the parsed JSON becomes the record;
whatever is missing, of another type or of another length comes out as one line that names the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.cures import remake
from curation.errors import InputError
from curation.files import MEND, read_json

Document = TypeVar("Document")

Fields = Mapping[str, Any]
"""A JSON object, as parsed: nothing is known of its values yet."""


def read_document(
    path: Path, parse: Callable[[Fields], Document], *, what: str, schema: int, made_by: str
) -> Document:
    """Read a document of a stage.

    Parameters
    ----------
    path : Path
    parse : callable
        Makes the record of the JSON object; raises `KeyError`, `TypeError` or `ValueError` where that has another
        form.
    what : str
        What the file should be, for messages: `"a crop index"`.
    schema : int
        The version of the form that is read; it stands in the document under `schema`.
    made_by : str
        The stage that makes it again.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another schema, or not of that form.
    """
    return parsed(read_json(path, made_by=made_by), parse, path, what=what, schema=schema, made_by=made_by)


def read_videos(
    path: Path,
    parse: Callable[[Fields], Document],
    *,
    last: bytes,
    what: str,
    schema: int,
    made_by: str,
) -> Document:
    """Like `read_document`, for one record a video; `parse` finds pairs of name and record in `videos`.

    As our writers write it (keys sorted, nothing between them), `videos` is the last key, and `last` is the last of a
    record. Such a file is parsed record by record: as a whole, one of 3.5 M boxes takes 1.5 GB.
    """
    names: Any = {"what": what, "schema": schema, "made_by": made_by}
    try:
        content = path.read_bytes()
        at = content.index(b'"videos":{') + len(b'"videos":{')
        head = orjson.loads(content[:at] + b"}}")
        return parsed(head | {"videos": _records(content, at, b',"%b":' % last)}, parse, path, **names)
    except (OSError, ValueError, TypeError, InputError):  # of another form, or damaged, which this names
        whole = read_json(path, made_by=made_by)
        if isinstance(whole, dict) and isinstance(whole.get("videos"), dict):
            whole["videos"] = whole["videos"].items()
        return parsed(whole, parse, path, **names)


def _records(content: bytes, at: int, last: bytes) -> Iterator[tuple[str, Fields]]:
    """Names and records from there to the end. A quote in a text is escaped, so no text holds a key or `":{`."""
    while content[at : at + 1] == b'"':
        colon = content.index(b'":{', at) + 1
        end = content.index(b"}", content.index(last, colon)) + 1
        yield orjson.loads(content[at:colon]), orjson.loads(content[colon + 1 : end])
        at = end + (content[end : end + 1] == b",")
    if content[at:] != b"}}\n":
        raise ValueError("it ends early")


def parsed(
    document: Any, parse: Callable[[Fields], Document], path: Path, *, what: str, schema: int, made_by: str
) -> Document:
    """Like `read_document`, for JSON already read from `path`."""
    if not isinstance(document, dict) or document.get("schema") != schema:
        found = document.get("schema") if isinstance(document, dict) else None
        other = f": it has schema {found}, of another version" if isinstance(found, int) else ""
        raise InputError(
            f"{path} is not {what} of schema {schema}{other}",
            do=f"Run: {remake(made_by)}",
            reason="wrong schema",
        )
    try:
        return parse(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else f"{error}".partition("\n")[0]
        raise InputError(
            f"{path} is not whole as {what}: {lacks}",
            do=f"Run: {MEND}; then {remake(made_by)}",
            reason="damaged file",
        ) from None


def number(fields: Fields, name: str) -> int:
    """A whole number that is not negative."""
    value = fields[name]
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} is {value!r}, not a whole number")
    return value


def text(fields: Fields, name: str) -> str:
    """A text."""
    value = fields[name]
    if type(value) is not str:
        raise ValueError(f"{name} is {value!r}, not a text")
    return value


def integers(columns: Iterable[Iterable[int]], name: str) -> NDArray[np.int32]:
    """Columns joined, (N,) int32: `np.array(list, np.int32)` in half its time."""
    values = list(chain.from_iterable(columns))
    try:
        return np.frombuffer(struct.pack(f"={len(values)}i", *values), np.int32)
    except struct.error as error:
        raise ValueError(f"column {name} holds something other than whole numbers ({error})") from None


def numbers(columns: Iterable[Iterable[float]], name: str) -> NDArray[np.int32] | NDArray[np.float64]:
    """Columns joined, (N,): int32 if all are whole, otherwise float64."""
    values: list[Any] = list(chain.from_iterable(columns))
    try:
        return integers([values], name)
    except ValueError:
        pass
    try:
        return np.frombuffer(struct.pack(f"={len(values)}d", *values), np.float64)
    except struct.error as error:
        raise ValueError(f"column {name} holds something other than numbers ({error})") from None
