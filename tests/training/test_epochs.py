from __future__ import annotations

import csv
from pathlib import Path

import pytest

from curation.errors import InputError
from training.epochs import CURVES, EpochRow, read_curves, write_curves

ROWS = [EpochRow(1, 0.5, 0.01, 2.25, 0.6, 12.5), EpochRow(2, 0.1 + 0.2, 0.001, 1.0, None, None)]


def test_curves_are_a_csv_with_every_digit(tmp_path: Path) -> None:
    write_curves(tmp_path / CURVES, ROWS)
    with (tmp_path / CURVES).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0] == {
        "epoch": "1",
        "loss": "0.5",
        "learning_rate": "0.01",
        "gradient_norm": "2.25",
        "validation_loss": "0.6",
        "centre_error": "12.5",
    }
    assert float(rows[1]["loss"]) == 0.1 + 0.2
    assert rows[1]["centre_error"] == ""


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_curves(tmp_path / CURVES, ROWS)
    assert read_curves(tmp_path / CURVES) == ROWS
    assert read_curves(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "epoch,lr\n1,0.1\n",
        "{head}\n1,0.5,x,1,,\n",
        "{head}\n1,0.5\n",
        "{head}\n1,0.5,1,1,1,1,1\n",
        "{head}\n" + "1" * 200_000,
        "x," * 100_000,
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    write_curves(tmp_path / CURVES, [])
    head = (tmp_path / CURVES).read_text().strip()
    (tmp_path / CURVES).write_text(content.replace("{head}", head))
    with pytest.raises(InputError, match=r"curves\.csv does not hold the curves of a training"):
        read_curves(tmp_path / CURVES)
