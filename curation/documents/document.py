"""JSON documents between stages, checked here only.

A document is a frozen dataclass with one reader and one writer. Its reader says how the parsed JSON becomes the record;
whatever is missing, of another type or of another length comes out as one line that names the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.cures import remake
from curation.errors import InputError
from curation.files import damaged, read_json, replacing

Document = TypeVar("Document")
Record = TypeVar("Record")

CHUNK = 1 << 16
"""Bytes read at once."""

_VIDEOS = b'"videos":{'
_END = b"}}\n"

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


def write_videos(path: Path, head: Fields, videos: Iterable[tuple[str, Fields]]) -> None:
    """Write a document with a record for each video, ascending by name, atomically: each as it comes.

    The bytes are those of `files.write_json` without indentation, provided all keys of `head` sort before `videos`.
    Whatever `videos` raises comes out as it is, and the file stays as it was.
    """
    failed: list[OSError] = []

    def watched() -> Iterator[tuple[str, Fields]]:
        try:
            yield from videos
        except OSError as error:
            failed.append(error)
            raise

    try:
        with replacing(path) as stream:
            stream.write(orjson.dumps(head, option=orjson.OPT_SORT_KEYS)[:-1] + b"," + _VIDEOS)
            for at, (name, record) in enumerate(watched()):
                content = orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
                stream.write(b"," * (at > 0) + orjson.dumps(name) + b":" + content)
            stream.write(_END)
    except InputError:
        if failed:  # not this file, but one that was read for it
            raise failed[0] from None
        raise


def read_videos(
    path: Path,
    head: Callable[[Fields], Document],
    record: Callable[[str, Fields], Record],
    *,
    last: bytes,
    what: str,
    schema: int,
    made_by: str,
) -> tuple[Document, Iterator[tuple[str, Record]]]:
    """As `read_document`, of one with a record for each video: what `head` makes of the rest, and names and records.

    As `write_videos` writes it, `videos` is the last key, and `last` is the last of a record. Such a file is read
    record by record, as they are asked for: as a whole, one of 3.5 M boxes takes 1.5 GB. Errors come then, too.
    """
    names: Any = {"what": what, "schema": schema, "made_by": made_by}
    records = _each(path, record, b',"%b":' % last, names)
    try:
        with path.open("rb") as stream:
            start = orjson.loads(_Window(stream).take(_VIDEOS) + b"}}")
        return parsed(start, head, path, **names), records
    except (OSError, ValueError, InputError):  # of another form, or damaged, which this names
        return parsed(read_json(path, made_by=made_by), head, path, **names), records


def _each(
    path: Path, record: Callable[[str, Fields], Record], last: bytes, names: Any
) -> Iterator[tuple[str, Record]]:
    done: set[str] = set()
    try:
        for name, fields in _records(path, last):
            yield name, record(name, fields)
            done.add(name)
        return
    except (OSError, KeyError, TypeError, ValueError, AttributeError):  # as in `read_videos`
        whole = read_json(path, made_by=names["made_by"])
    for name, fields in parsed(whole, lambda document: sorted(document["videos"].items()), path, **names):
        if name not in done:
            yield name, _made(partial(record, name, fields), path, names["what"], names["made_by"])


def _records(path: Path, last: bytes) -> Iterator[tuple[str, Fields]]:
    """Names and records of all videos. A quote in a text is escaped, so no text holds a key."""
    with path.open("rb") as stream:
        window = _Window(stream)
        window.take(_VIDEOS)
        quote = b'"'
        while window.skip(quote):
            name = window.take(b'":{')[:-2]
            yield orjson.loads(b'"' + name), orjson.loads(b"{" + window.take(last) + window.take(b"}"))
            quote = b',"'
        if not window.skip(_END) or stream.read(1):
            raise ValueError("it ends early")


class _Window:
    """A file read forward, of which no more is kept than is wanted."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._text, self._at = b"", 0

    def take(self, mark: bytes) -> bytes:
        """All up to and with the next `mark`."""
        start, at = self._at, self._text.find(mark, self._at)
        while at < 0:
            seen = max(0, len(self._text) - start - len(mark))
            if not self._more():
                raise ValueError("it ends early")
            start, at = 0, self._text.find(mark, seen)
        self._at = at + len(mark)
        return self._text[start : self._at]

    def skip(self, mark: bytes) -> bool:
        """Whether it goes on with `mark`, which is taken."""
        if len(self._text) - self._at < len(mark):
            self._more()
        there = self._text.startswith(mark, self._at)
        self._at += len(mark) * there
        return there

    def _more(self) -> bool:
        """Read on; what was taken is dropped. Whether there was more."""
        more = self._stream.read(CHUNK)
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)


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
    return _made(partial(parse, document), path, what, made_by)


def _made(make: Callable[[], Document], path: Path, what: str, made_by: str) -> Document:
    try:
        return make()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else f"{error}".partition("\n")[0]
        raise damaged(path, f"is not whole as {what}: {lacks}", made_by) from None


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
