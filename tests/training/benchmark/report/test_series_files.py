from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from tests.training.benchmark.scored import scored
from training.benchmark.report.series_files import curve_rows, thresholds, write_plot_files
from training.benchmark.scores.curve_table import CURVES
from training.benchmark.scores.score_document import Scores


def test_rows_are_the_scorer_s_curves(scores: dict[str, Scores]) -> None:
    rows = curve_rows(scores, CURVES["success"])
    assert len(rows) == 3 * 21
    mine = [(x, y) for benchmark, tracker, x, y in rows if (benchmark, tracker) == ("OTB-2013", "siamese")]
    assert [x for x, _ in mine] == [round(0.05 * i, 6) for i in range(21)]
    curve = scores["otb2013"].trackers["siamese"].overall.curves["success"]
    np.testing.assert_allclose([y for _, y in mine], curve, atol=5e-7)


def test_files_for_dvc(tmp_path: Path, scores: dict[str, Scores]) -> None:
    files = write_plot_files(tmp_path / "plots", scores)
    assert [file.name for file in files] == ["success.csv", "precision.csv", "expected_overlap.csv"]
    for file in files:
        with file.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        x, y = CURVES[file.stem].columns
        assert list(rows[0]) == ["benchmark", "tracker", x, y]
        assert {row["benchmark"] for row in rows} == {
            "VOT2016" if file.stem == "expected_overlap" else "OTB-2013"
        }
        assert all(math.isfinite(float(row[x])) and 0 <= float(row[y]) <= 1 for row in rows)


def test_a_curve_that_nobody_has_gives_a_heading(tmp_path: Path, scores: dict[str, Scores]) -> None:
    files = write_plot_files(tmp_path, {"otb2013": scores["otb2013"]})
    assert files[-1].read_text() == "benchmark,tracker,length,expected_overlap\n"


def test_expected_overlap_ends_with_the_interval_and_skips_gaps() -> None:
    curve = [1.0, None, 0.5, 0.25]
    numbers = {"eao": 0.3, "eao_curve": curve, "interval": [2, 3]}
    document = scored("vot2016", kind="vot", title="VOT2016", trackers={"a": numbers})
    assert curve_rows({"vot2016": document}, CURVES["expected_overlap"]) == [
        ("VOT2016", "a", 1, 1.0),
        ("VOT2016", "a", 3, 0.5),
    ]


def test_thresholds() -> None:
    assert thresholds(CURVES["precision"], 51)[20] == 20
    assert thresholds(CURVES["norm_precision"], 51)[20] == 0.2
    assert thresholds(CURVES["success"], 21)[-1] == 1
    assert list(thresholds(CURVES["expected_overlap"], 3)) == [1, 2, 3]
