"""Tables as CSV and LaTeX: every number, every name."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.training.benchmark.report.test_tables import SERIES
from training.benchmark.report.downloads import Download, escaped, table_files, to_csv, to_latex
from training.benchmark.report.published import published_numbers
from training.benchmark.report.tables import Cell, Head, Row, Table, overview
from training.benchmark.scores.score_document import Scores

EVIL = ["[x]*", 'a\\b_{c}^2 ~ # $ % & | < > "q" \'é ö ß 中 –−±…', "*star", "\\end{document}"]
CELLS = [Cell("–"), Cell("−0.1", -0.1, best=True, interval=(-0.25, 1 / 3), note="3 of 8 sequences")]


@pytest.fixture
def evil() -> Table:
    heads = [[Head(EVIL[1], span=2, note=EVIL[0])], [Head(EVIL[2]), Head("R")]]
    return Table(
        "my list/ü", "Cap \\ _ %", EVIL[1], heads, [("", [Row(name, CELLS) for name in EVIL]), (EVIL[3], [])]
    )


def test_csv_has_every_digit(scores: dict[str, Scores]) -> None:
    table = overview(list(scores.values()), SERIES, published_numbers(), synthetic=True)
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [row["Tracker"] for row in rows[:3]] == ["siamese", "template", "still"]
    for row in rows[:3]:
        auc = scores["otb2013"].trackers[row["Tracker"]].overall.values["auc"]
        assert float(row["OTB-2013 *, protocol matlab, AUC"]) == auc
        assert row["VOT2016, protocol vot2016, EAO"] == ""
    assert rows[3]["group"].startswith("Published")


def test_csv_has_columns_for_intervals_and_notes(evil: Table) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(evil))))
    assert [head.rpartition(", ")[2] for head in rows[0][2:]] == ["*star", "R", "low", "high", "note"]
    assert rows[1] == ["", EVIL[0], "", "-0.1", "-0.25", repr(1 / 3), "3 of 8 sequences"]
    assert [row[1] for row in rows[1:]] == EVIL


def test_latex_marks_the_best_and_rules_its_heads(scores: dict[str, Scores]) -> None:
    text = to_latex(overview(list(scores.values()), SERIES, (), synthetic=False))
    auc = scores["otb2013"].trackers["siamese"].overall.values["auc"]
    assert f"siamese & \\textbf{{{auc:.3f}}} & " in text
    assert "\\cmidrule(lr){2-3}\\cmidrule(lr){4-6}" in text
    assert [line for line in text.splitlines() if line.startswith("\\") and line.endswith("rule")] == [
        "\\toprule",
        "\\midrule",
        "\\bottomrule",
    ]


def test_signs_that_latex_reads_are_escaped() -> None:
    assert escaped("50 % of a_b & [c]") == "50 \\% of a\\_b \\& {[}c{]}"
    assert escaped("é 中") == "é U+4E2D"


def test_names_of_files_are_plain(evil: Table) -> None:
    assert [file.name for file in table_files(evil)] == ["my-list.csv", "my-list.tex"]
    assert Download("PDF", "../..", b"").name == "file.pdf"


def test_latex_compiles(evil: Table, scores: dict[str, Scores], tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("LaTeX is not installed: apt-get install texlive-latex-recommended")
    tables = [evil, overview(list(scores.values()), SERIES, published_numbers(), synthetic=True)]
    body = "".join(map(to_latex, tables))
    head = "\\documentclass{article}\\usepackage{booktabs}"
    (tmp_path / "a.tex").write_text(f"{head}\\begin{{document}}{body}\\end{{document}}\n", encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1500:]
