"""`export`: the files that a report holds, written into a folder."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.pipelines.test_scoring_tools import refused
from tests.training.benchmark.scored import scored
from training.benchmark.report.content import ReportContent
from training.benchmark.report.downloads import table_files
from training.benchmark.report.page import write_report
from training.benchmark.report.palette import assign_series
from training.benchmark.report.tables import benchmark_table


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a report."""
    overall = {"auc": 1 / 3, "curves": {"success": [1.0, 0.5, 0.0]}}
    document = scored("mine", trackers={"KCF": overall})
    write_report(tmp_path / "reports/index.html", ReportContent(scores={"mine": document}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_tables_and_plots_become_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "paper/"]) == 0
    names = [f"{table}.{end}" for table in ("mine-scores", "overview") for end in ("csv", "tex")]
    plots = ["mine-success.pdf", "mine-success.svg"]
    assert sorted(path.name for path in (here / "paper").iterdir()) == sorted([*names, *plots])
    assert capsys.readouterr().out == "6 files written to paper\n"
    document = scored("mine", trackers={"KCF": {"auc": 1 / 3, "curves": {"success": [1.0, 0.5, 0.0]}}})
    for file in table_files(benchmark_table(document, assign_series(["KCF"], leader="KCF"))):
        assert (here / "paper" / file.name).read_bytes() == file.content
    assert repr(1 / 3) in (here / "paper/overview.csv").read_text()


def test_some_kinds_of_another_page(here: Path) -> None:
    (here / "reports").rename(here / "colleague")
    words = ["export", "paper/", "--page", "colleague/index.html", "--kind", "latex", "--kind", "pdf"]
    assert main(words) == 0
    assert {path.suffix for path in (here / "paper").iterdir()} == {".tex", ".pdf"}


def test_what_is_no_report_is_refused(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert "there is no report x.html" in refused(caplog, "export", "out", "--page", "x.html")
    (here / "x.html").write_text("<p>nothing")
    assert "x.html holds no tables or plots to save" in refused(caplog, "export", "out", "--page", "x.html")
    body = base64.b64encode(b"a").decode()
    for name, address in (("../a.csv", f"data:text/csv;base64,{body}"), ("a.csv", "data:text/csv;base64,@@")):
        (here / "x.html").write_text(f'<a download="{name}" href="{address}" aria-label="CSV: x">CSV</a>')
        assert f"{name!r} cannot be saved" in refused(caplog, "export", "out", "--page", "x.html")
    assert not (here / "out").exists()
    (here / "reports/index.html").unlink()
    assert "Run: " in refused(caplog, "export", "out")
