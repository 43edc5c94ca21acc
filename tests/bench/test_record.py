"""Results of benchmarks: where they go, and what the file says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import record

DAY = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("Intel(R) Xeon(R) Processor, 2 cores", "2026-11-29-intel-xeon-processor-2-cores.md"),
        (
            "AMD EPYC 9654 @ 2.40GHz, 16 cores, NVIDIA H100 80GB HBM3",
            "2026-11-29-amd-epyc-9654-16-cores-nvidia-h100-80gb-hbm3.md",
        ),
    ],
)
def test_files_are_named_by_day_and_machine(machine: str, name: str) -> None:
    assert record.file_name(DAY, machine) == name


def test_this_machine_has_a_name() -> None:
    assert re.search(r"\w.*, \d+ cores?", record.machine())


def test_make_bench_records_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "run", lambda name: (0, f"table of {name}\n"))
    monkeypatch.setattr(record.write, "__kwdefaults__", {"folder": tmp_path})
    assert bench.main(["crops", "index"]) == 0
    assert not list(tmp_path.iterdir())
    assert bench.main(["--record", "crops", "index"]) == 0
    [path] = tmp_path.iterdir()
    assert str(path) in capsys.readouterr().out
    text = path.read_text()
    assert "## crops\n\n```text\ntable of crops\n```\n\n## index\n" in text
    assert "torch 2." in text
    assert "commit " in text


def test_a_benchmark_that_fails_ends_it_and_records_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "run", lambda name: (3, "half a table"))
    monkeypatch.setattr(record.write, "__kwdefaults__", {"folder": tmp_path})
    assert bench.main(["--record", "crops"]) == 3
    assert not list(tmp_path.iterdir())


def test_what_a_benchmark_prints_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    status, output = bench.run("no_such_benchmark")
    assert status
    assert output == ""


def test_every_file_of_results_is_dated_and_says_where() -> None:
    files = sorted(record.FOLDER.iterdir())
    assert files
    for path in files:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z0-9-]+\.md", path.name)
        assert path.read_text().startswith(f"# Benchmarks of {path.name[:10]}: ")
