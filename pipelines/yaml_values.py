"""YAML as plain values: mappings with names for keys, lists, texts and numbers, of bounded size and depth.

The library below reads far more than a parameter file needs: aliases that multiply, values that hold themselves, tags,
dates, sets. What is no plain value is refused here, with its place, before anything is made of it.
"""

from __future__ import annotations

import math
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from curation.errors import InputError

LIMIT = 1 << 16
"""Most bytes of a file; params.yaml has 13,000."""
DEEPEST = 32
"""Most values inside each other."""
FEW = 1000
"""Values that aliases may add."""
MOST_MERGES = 100
"""Each copies a mapping."""
BEYOND = 1 << 63
"""Integers from here on fit no parameter."""


def read_yaml(content: str | bytes, place: str, *, limit: int = LIMIT, do: str = "") -> Any:
    """The value of a YAML document.

    Parameters
    ----------
    content : str or bytes
        UTF-8, one document.
    place : str
        Where it comes from, for messages.
    limit : int
        Most bytes.
    do : str
        What the user should do where it cannot be used; by default, to correct what is named.

    Raises
    ------
    InputError
        If it is too large, not YAML, or holds anything else than plain values.
    """
    cure = do or "Correct the line it names"
    if len(content) > limit:
        raise InputError(f"{place} has {len(content):,} bytes, more than {limit:,}", do=do or "Shorten it")
    try:
        text = (content.encode() if isinstance(content, str) else content).decode("utf-8-sig")
    except UnicodeError as error:
        raise InputError(f"{place} is not text in UTF-8 ({error})", do=do or "Save it as UTF-8") from None
    # The reader takes long over both: its time grows with the square of their number.
    if _depth(text) > 2 * DEEPEST or text.count("<<") > MOST_MERGES:
        raise InputError(f"{place} nests or merges too much", do=do or "Write it out plainly")
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InputError(f"{place} is not readable YAML ({error})", do=cure) from None
    except Exception as error:  # of a number or date in a form that the library does not foresee
        raise InputError(
            f"{place} is not readable YAML ({type(error).__name__}: {error})", do=do or "Correct its values"
        ) from None
    _check(value, FEW + len(text), place, do)
    return value


def _depth(text: str) -> int:
    """The largest number of open brackets; more than the levels only if texts hold brackets."""
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth = max(depth - 1, 0)
    return deepest


def _check(document: Any, most: int, place: str, do: str) -> None:
    """Raise `InputError` for the first part that is not a plain value, is too deep, or exceeds the number allowed.

    Without aliases no document has more values than characters; `most` leaves room for a few.
    """
    waiting: list[tuple[Any, tuple[str, ...]]] = [(document, ())]
    count = 0
    while waiting:
        value, path = waiting.pop()
        count += 1
        where = f"{place}: {'.'.join(path[:5]) or 'the document'}"
        if len(path) > DEEPEST or count > most:
            raise InputError(
                f"{where} nests too deep or repeats itself", do=do or "Write it out without aliases"
            )
        if isinstance(value, dict):
            for key, inner in value.items():
                if not isinstance(key, str) or _fault(key):
                    raise InputError(f"{where} has the key {key!r}, which is not a name", do=do or "Quote it")
                waiting.append((inner, (*path, key)))
        elif isinstance(value, list):
            waiting += [(inner, (*path, str(number))) for number, inner in enumerate(value)]
        elif fault := _fault(value):
            raise InputError(f"{where} {fault}", do=do or "Give a text, a number, true, false or null")


def _fault(value: Any) -> str:
    """The fault of a single value; empty for a plain one."""
    if isinstance(value, str):
        return "" if value.isascii() or value.encode("utf-8", "ignore").decode() == value else "is not text"
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return "" if -BEYOND <= value < BEYOND else "is too large a number"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "is not a finite number"
    return f"is of the kind {type(value).__name__}"
