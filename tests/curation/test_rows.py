"""Tables: known names, one's own by the place of their code, and one line for whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import InputError
from curation.rows import Table, load_own, nearest, own_digest, unknown_name

TABLE = Table("colour", {"red": 1, "green": 2})


@pytest.mark.parametrize(
    ("name", "expected"), [("baskteball", "Basketball"), ("KCF ", "KCF"), ("qqqq", None)]
)
def test_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, ["Basketball", "KCF", "Bolt"]) == expected


def test_unknown_name_suggests_or_lists() -> None:
    assert str(unknown_name("tracker", "SiamFc", ["SiamFC", "KCF"])) == (
        "no tracker is named 'SiamFc'. Did you mean SiamFC?"
    )
    assert "Known: DSST, KCF" in str(unknown_name("tracker", "zzz", ["KCF", "DSST"]))


def test_rows_keep_their_order_and_names() -> None:
    assert list(TABLE) == ["red", "green"]
    assert (TABLE["red"], len(TABLE), "blue" in TABLE) == (1, 2, False)
    with pytest.raises(InputError, match=r"^no colour is named 'gren'\. Did you mean green\?$"):
        TABLE["gren"]


def test_one_s_own_by_path_and_by_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shades.py").write_text("BLUE = 3\n")
    assert TABLE["shades.py:BLUE"] == TABLE["shades:BLUE"] == 3
    doubled = Table("colour", {"red": 1}, own=lambda name, found: (name, 2 * found))
    assert doubled["shades.py:BLUE"] == ("shades.py:BLUE", 6)
    before = own_digest("shades.py:BLUE")
    Path("shades.py").write_text("BLUE = 4\n")
    assert own_digest("shades.py:BLUE") != before


def test_a_name_is_checked_without_running_code(tmp_path: Path) -> None:
    file = tmp_path / "shades.py"
    file.write_text("raise RuntimeError\n")
    assert TABLE.check(f"{file}:BLUE") == f"{file}:BLUE"
    assert TABLE.check("red") == "red"
    for name in ("blue", ":BLUE", "shades.py:"):
        with pytest.raises(ValueError, match="expected 'red', 'green', or your own as module:Name"):
            TABLE.check(name)
    with pytest.raises(ValueError, match="there is no file"):
        TABLE.check(f"{tmp_path}/none.py:BLUE")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("BLUE = (", "SyntaxError"),
        ("", "has no attribute 'BLUE'"),
    ],
)
def test_bad_code_is_one_line(code: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(code)
    for _ in range(2):  # a module that failed is not taken for loaded
        with pytest.raises(InputError, match=f"cannot load the colour {file}:BLUE") as caught:
            load_own(f"{file}:BLUE", "colour")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_adopted_rows_stay_and_must_not_take_a_name(tmp_path: Path) -> None:
    file = tmp_path / "shades.py"
    file.write_text("BLUE = 'blue'\nRED = 'red'\n")
    table = Table("colour", {"red": "r"})
    for _ in range(2):
        table.adopt("blue", table[f"{file}:BLUE"])
    assert list(table) == ["red", "blue"]
    with pytest.raises(InputError, match="'red' is already taken"):
        table.adopt("red", table[f"{file}:RED"])
