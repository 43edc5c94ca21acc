from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.benchmark.builders import benchmark, sequence, still, vot_sequence, write_rows
from training.benchmark.report.sheet import score_sheet
from training.benchmark.results.result_writer import write_runs
from training.benchmark.score import score_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.trajectory import Trajectory


@pytest.fixture
def bench() -> Benchmark:
    sequences = [sequence("Basketball", still(5), attributes=("IV",)), sequence("Car4", still(4))]
    return benchmark(sequences, attributes=("IV", "OCC"), missing=["Deer"])


def test_every_number_with_its_protocol(tmp_path: Path, bench: Benchmark) -> None:
    for name, rows in (("Basketball", 5), ("Car4", 4)):
        write_rows(tmp_path / "KCF" / f"{name}.txt", still(rows))
    write_rows(tmp_path / "DSST" / "Car4.txt", still(4, (300, 300, 20, 20)))
    text = score_sheet(score_benchmark(bench, tmp_path, protocol="got10k"), attributes=True, sequences=True)
    assert (
        text
        == """\
OTB-2015, one-pass evaluation, protocol got10k

Tracker      AUC   DP@20  OP@0.5  NP@0.2  NP AUC  Sequences  Frames
-------------------------------------------------------------------
KCF       0.9524  1.0000  1.0000  1.0000  1.0000          2       9
Not ranked: parts of the sequences
DSST     0.2381*  0.2500  0.2500  0.2500  0.2500          1       4

AUC by attribute     KCF  DSST
------------------------------
IV                0.9524     –

DP@20 by attribute     KCF  DSST
--------------------------------
IV                  1.0000     –

AUC by sequence     KCF    DSST
-------------------------------
Car4             0.9524  0.2381
Basketball       0.9524       –

DP@20 by sequence     KCF    DSST
---------------------------------
Car4               1.0000  0.2500
Basketball         1.0000       –

These scores are partial.
No sequence here for 1: Deer
DSST has no result for 1: Basketball"""
    )


def test_vot_names_its_rules(tmp_path: Path) -> None:
    bag = vot_sequence("bag", still(40, (10, 10, 19, 19)))
    bench = benchmark([bag], kind="vot", eao_interval=(5, 20))
    run = Trajectory.from_boxes(still(40, (10, 10, 19, 15)))
    write_runs(tmp_path, "KCF", bench, bag, [run])
    head, _, columns, _, numbers = score_sheet(score_benchmark(bench, tmp_path)).splitlines()
    assert head == (
        "VOT2016, supervised, overlap rule vot2016, bounds frame-1, "
        "EAO by the rules of matlab over lengths 5 to 20"
    )
    assert columns.split()[:3] == ["Tracker", "EAO", "A"]
    assert numbers.split()[:3] == ["KCF", "0.8000", "0.8000"]
    write_runs(tmp_path, "KCF", bench, bag, [run], experiment="unsupervised")
    (tmp_path / "KCF/baseline").rename(tmp_path / "KCF/none")
    text = score_sheet(score_benchmark(bench, tmp_path), attributes=True)
    assert text.splitlines()[0] == "VOT2016, unsupervised, overlap rule vot2016, bounds frame-1"
    assert text.splitlines()[-1].split() == ["KCF", "0.7800", "1", "40"]


def test_notes_follow(tmp_path: Path) -> None:
    write_rows(tmp_path / "KCF" / "Car4.txt", still(4, (1, 1, 0, 5)))
    text = score_sheet(score_benchmark(benchmark([sequence("Car4", still(4))]), tmp_path))
    assert text.splitlines()[-1] == "KCF: Car4: 4 boxes without size"
