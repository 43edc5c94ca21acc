import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from training.benchmark.text_tables import LIMIT, MOST_ROWS, parse_rows, parse_table, read_table

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize("separator", [",", "\t", " ", ", ", ";", " \t"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n  \n"])
def test_separators_and_line_ends(separator: str, end: str) -> None:
    text = separator.join(["1", "2.5", "3", "4"]) + "\n" + separator.join(["5", "6", "7e1", "-8"]) + end
    assert parse_table(text, "x").tolist() == [[1, 2.5, 3, 4], [5, 6, 70, -8]]


def test_nan_in_any_case_is_a_number() -> None:
    assert np.isnan(parse_table("NaN,nan,NAN,-nan\n", "x")).all()


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=30))
def test_every_number_comes_back(rows: list[tuple[float, ...]]) -> None:
    text = "\n".join(",".join(repr(value) for value in row) for row in rows)
    assert parse_table(text, "x").tolist() == [list(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("1,2,3,4\n1,2,3\n", 2, "1,2,3"),
        ("1,2,3,4\n\n1,2,3,4\n", 2, ""),
        ("1,2,3,4,5", 1, "1,2,3,4,5"),
        ("1,2,3,4\r\n1,2\tx;4", 2, "1,2\tx;4"),
        ("a b c d", 1, "a b c d"),
    ],
)
def test_bad_rows_are_named(text: str, line: int, found: str) -> None:
    with pytest.raises(InputError, match=rf"file\.txt, line {line}: expected 4 numbers") as caught:
        parse_table(text, "file.txt")
    assert repr(found) in str(caught.value)


words = st.sampled_from(
    ["1", "-2.5", "0.125", "1e3", "+4", "5.", ".5", "007", "nan", "12345678901234567890", "x", ""]
)


@given(
    st.lists(st.lists(words, min_size=4, max_size=5), max_size=4),
    st.sampled_from([",", "\t", " ", ";", ", ", " ,", ",,", "  "]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
)
def test_tables_are_what_their_rows_are(rows: list[list[str]], separator: str, end: str) -> None:
    """Whether they are read the quick way or line by line."""
    text = end.join(separator.join(row) for row in rows)
    try:
        plain = parse_rows(text, "x", widths=(4,))
    except InputError as error:
        expected: object = str(error)
    else:
        expected = (
            np.array(plain).tolist() if plain else "x is empty. One line of 4 numbers a frame is expected"
        )
    try:
        found: object = parse_table(text, "x").tolist()
    except InputError as error:
        found = str(error)
    assert repr(found) == repr(expected)


def test_boxes_and_polygons_do_not_mix() -> None:
    assert parse_table("1,2,3,4,5,6,7,8", "x", widths=(4, 8)).shape == (1, 8)
    with pytest.raises(InputError, match=r"x mixes rows of 4 or 8 numbers"):
        parse_table("1,2,3,4\n1,2,3,4,5,6,7,8", "x", widths=(4, 8))


def test_rows_of_different_widths() -> None:
    assert parse_rows("1\n2,3,4,5\n0\n", "x", widths=(1, 4)) == [[1], [2, 3, 4, 5], [0]]
    with pytest.raises(InputError, match=r"expected 1 or 4 numbers"):
        parse_rows("1,2", "x", widths=(1, 4))


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"a.txt is empty"):
        read_table(tmp_path / "a.txt")


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xd8\xff\xe0\x80")
    with pytest.raises(InputError, match=r"a.txt is not a text file"):
        read_table(tmp_path / "a.txt")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none.txt"):
        read_table(tmp_path / "none.txt")


def test_a_byte_order_mark_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf1,2,3,4\n")
    assert read_table(tmp_path / "a.txt").tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("word", ["1_000", "0x10", "١٢", "1,5e", "1\0", "½", "1e", "--1", "Infinit"])
def test_what_only_python_or_nobody_takes_for_a_number_is_none(word: str) -> None:
    with pytest.raises(InputError, match="line 1: expected 4 numbers"):
        parse_table(f"{word} 2 3 4", "x")


@pytest.mark.parametrize(
    "content", ["1,2,3,4\n".encode("utf-16"), "1,2,3,4\n".encode("utf-16-le"), b"1,2,3,4\0\n"]
)
def test_text_of_another_encoding_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.txt"):
        read_table(tmp_path / "a.txt")


def test_a_file_without_end_or_sense_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as stream:
        stream.truncate(LIMIT + 1)
    with pytest.raises(InputError, match="more than the 16,777,216"):
        read_table(path)
    path.write_text("1,2,3,4\n" * (MOST_ROWS + 1))
    with pytest.raises(InputError, match=r"has 200,001 lines"):
        read_table(path)
    path.write_text("1 " * 10**6)
    with pytest.raises(InputError, match=r"line 1: expected 4 numbers, found '1 1 1"):
        read_table(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(InputError, match=r"a\.txt is not a plain file"):
        read_table(tmp_path / "a.txt")
