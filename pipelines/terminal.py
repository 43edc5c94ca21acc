"""Make all output printable, whatever the names of files and folders."""

from __future__ import annotations

import logging
import re
from typing import Any, TextIO

from curation.errors import printable


def printable_lines(text: str) -> str:
    """`printable` for text of several lines; ends of lines and tabs stay."""
    parts = re.split(r"([\n\t])", text)
    return "".join(part if part in ("\n", "\t") else printable(part) for part in parts)


class PrintableFormatter(logging.Formatter):
    """Formats records so that no name in one can send a terminal escape."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


class PrintableStream:
    """A text stream through which no control character passes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(printable_lines(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
