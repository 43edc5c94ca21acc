"""No name of a file sends an escape to the terminal: neither in tables, nor in messages, nor in complaints."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from pipelines.__main__ import main
from pipelines.terminal import PrintableFormatter, PrintableStream, printable_lines
from pipelines.tools import settings


def test_lines_and_tabs_stay_and_all_else_is_shown() -> None:
    assert printable_lines("a\tb\n\x1b[31mc\r\udcff\n") == "a\tb\n\\x1b[31mc\\r\\xff\n"
    stream = io.StringIO()
    through = PrintableStream(stream)
    through.write("\x1b]0;title\x07\n")
    assert stream.getvalue() == "\\x1b]0;title\\x07\n"
    assert not through.isatty()


def test_messages_of_any_level() -> None:
    record = logging.LogRecord("a", logging.WARNING, "", 0, "%s is left out", ("\x9b2J\udce9",), None)
    assert PrintableFormatter("%(message)s").format(record) == "\\x9b2J\\xe9 is left out"


def test_tables_and_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sys.stdout
    monkeypatch.setattr(settings, "run", lambda _: sys.stdout.write("folder \x1b[2J\udcff\n"))
    assert main(["settings"]) == 0
    assert sys.stdout is before
    assert capsys.readouterr().out == "folder \\x1b[2J\\xff\n"
    with pytest.raises(SystemExit):
        main(["settings", "\x1b[31mred"])
    assert "\\x1b[31mred" in capsys.readouterr().err
