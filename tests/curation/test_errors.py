"""What reaches a user: one printable line, whatever a file is called."""

from __future__ import annotations

import pickle

import pytest

from curation.errors import LONGEST, InputError, Skipped, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("data/Bäume 東京/a b.jpg", "data/Bäume 東京/a b.jpg"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\udcff\udc80.txt", "\\xff\\x80.txt"),
        ("\ud800", "\\ud800"),
        ("a\u202eb\u200b", "a\\u202eb\\u200b"),
        ("a\nb\tc\r\x7f\x9b", "a\\nb\\tc\\r\\x7f\\x9b"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert shown.isprintable()
    shown.encode()


def test_an_error_is_one_printable_line() -> None:
    error = InputError("cannot read \x1b]0;x\x07\udce9.txt:\n  two lines", do="rename \x1b[2J")
    assert str(error) == "cannot read \\x1b]0;x\\x07\\xe9.txt: two lines. rename \\x1b[2J"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.what, again.do, again.reason) == (
        str(error),
        error.what,
        error.do,
        error.reason,
    )


def test_what_a_damaged_file_is_quoted_with_does_not_push_the_cure_away() -> None:
    error = InputError(f"found {'x' * 10**6}", do="Mend it")
    assert len(str(error)) < LONGEST + 50
    assert str(error).endswith(" .... Mend it")


def test_counts_of_skipped_items_can_be_written_as_json() -> None:
    skipped = Skipped()
    skipped.add(InputError("frame \udcff", reason="bad frame"))
    assert skipped.report()["examples"] == {"bad frame": ["frame \\xff"]}
