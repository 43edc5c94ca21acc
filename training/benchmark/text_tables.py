"""Tables of numbers in text files: one row a line, separated by commas, tabs, spaces or a mixture."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from curation.errors import InputError
from curation.outside import read_outside

SEPARATORS = str.maketrans(",;\t", "   ")


LIMIT = 16 << 20
"""Most bytes of a file: eight numbers of nine digits for each of `MOST_ROWS` frames."""
MOST_ROWS = 200_000
"""Two hours of video, and ten times the longest sequence of any benchmark here."""
LONGEST_ROW = 4096
"""Characters; a polygon of 32 corners with every digit of its numbers has 1,600."""


def read_text(path: Path, *, note: Callable[[Path, bytes], None] | None = None) -> str:
    """The text of a file; a byte-order mark is dropped and other than UTF-8 bytes are refused.

    Parameters
    ----------
    path : Path
    note : callable
        Is told what was read, such as `curation.digests.reading.Reading.note`.

    Raises
    ------
    InputError
        If it cannot be opened, is no plain file, has more than `LIMIT` bytes or is not text.
    """
    try:
        content = read_outside(path, limit=LIMIT, kind="a text file of numbers")
        if note:
            note(path, content)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is not a text file in UTF-8", do="Give the text file of numbers", reason="not text"
        ) from None
    except FileNotFoundError:
        raise InputError(
            f"cannot read {path}: there is no such file", do="Check the path", reason="missing file"
        ) from None


def parse_rows(text: str, where: str | Path, *, widths: Collection[int]) -> list[list[float]]:
    """Numbers of each line. Empty lines at the end are ignored, in between refused.

    Parameters
    ----------
    text : str
        Lines of numbers; `nan` in any case is a number here.
    where : str or Path
        Named in the errors.
    widths : collection of int
        How many numbers a line may hold.

    Raises
    ------
    InputError
        Naming the first bad line (1-based) and what it holds.
    """
    lines = text.translate(SEPARATORS).rstrip().splitlines()
    if len(lines) > MOST_ROWS:
        raise InputError(
            f"{where} has {len(lines):,} lines, more than the {MOST_ROWS:,} that a sequence can have",
            do="Give the file of one sequence",
            reason="file too large",
        )
    rows = []
    for number, line in enumerate(lines, start=1):
        row = _numbers(line)
        if len(row) not in widths:
            allowed = " or ".join(str(width) for width in sorted(widths))
            found = text.splitlines()[number - 1].strip()[:60]
            raise InputError(
                f"{where}, line {number}: expected {allowed} numbers, found {found!r}",
                do="Correct or delete that line",
                reason="bad row",
            )
        rows.append(row)
    return rows


def _numbers(line: str) -> list[float]:
    """The numbers of a line; none if it holds anything else, such as Python's form 1_000."""
    if len(line) > LONGEST_ROW or "_" in line or not line.isascii():
        return []
    try:
        return list(map(float, line.split()))
    except ValueError:
        return []


def parse_table(text: str, where: str | Path, *, widths: Collection[int] = (4,)) -> NDArray[np.float64]:
    """A table (N, width) float64, values as they are in the text; all rows are as wide as the first.

    Raises
    ------
    InputError
        If the table is empty or its rows differ in width, or as `parse_rows`.
    """
    if (quick := _plain_table(text)) is not None and quick.shape[1] in widths:
        return quick
    rows = parse_rows(text, where, widths=widths)
    if len({len(row) for row in rows}) != 1:
        allowed = " or ".join(str(width) for width in sorted(widths))
        raise InputError(
            f"{where} {'mixes rows of ' + allowed + ' numbers' if rows else 'is empty'}",
            do=f"One line of {allowed} numbers a frame is expected",
            reason="mixed rows" if rows else "empty",
        )
    return np.array(rows, dtype=np.float64)


_DIGITS = b"0123456789+-.eE "
_COMMAS = bytes.maketrans(b"\t;", b",,")


def _plain_table(text: str) -> NDArray[np.float64] | None:
    """A table as nearly all files have it, rows of one width and one separator a number, five times as fast.

    None for any other text, right or wrong. The numbers are read as a JSON list, correctly rounded as by `float`.
    """
    content = text.rstrip().encode().replace(b"\r\n", b"\n").translate(_COMMAS)
    if b"," not in content:
        content = content.replace(b" ", b",")
    marks = content.translate(None, _DIGITS)
    row, lines = marks.partition(b"\n")[0] + b"\n", content.count(b"\n") + 1
    if not content or row.strip(b",") != b"\n" or marks + b"\n" != row * lines or lines > MOST_ROWS:
        return None
    ends = np.flatnonzero(np.frombuffer(b"\n" + content + b"\n", np.uint8) == ord("\n"))
    if np.diff(ends).max() > LONGEST_ROW + 1:
        return None
    try:
        numbers = orjson.loads(b"[" + content.replace(b"\n", b",") + b"]")
    except orjson.JSONDecodeError:
        return None
    return np.fromiter(numbers, dtype=np.float64, count=len(numbers)).reshape(-1, len(row))


def read_table(path: Path) -> NDArray[np.float64]:
    """`parse_table` of a file of boxes."""
    return parse_table(read_text(path), path)
