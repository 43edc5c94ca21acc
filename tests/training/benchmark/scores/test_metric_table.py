"""The table of metrics: every row can be shown, and one's own is counted and shown like ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import benchmark, sequence, still
from tests.training.benchmark.scored import scored, tracked
from training.benchmark.report.sheet import score_sheet
from training.benchmark.results.result_reader import TrackerResults
from training.benchmark.score import score_boxes
from training.benchmark.scores.curve_table import CURVES
from training.benchmark.scores.metric_table import METRICS, adopt_metrics, metrics_of

OWN = """
import numpy as np
from training.benchmark.scores.metric_table import Curve, Metric

MEAN = Curve("mean_overlap", counts=lambda frames, groups, count: np.bincount(groups, frames.overlap, count)[:, None])
AO = Metric("own_ao", "ope", "AO", "mean overlap", lambda curves: float(curves["mean_overlap"][0]), curve=MEAN)
TAKEN = Metric("auc", "ope", "AUC", "another one", lambda curves: 0.0)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for table in (METRICS, CURVES):
        monkeypatch.setattr(table, "_rows", dict(table))
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return file


def test_rows_refer_to_each_other_and_fit_where_they_are_shown() -> None:
    assert [metrics_of(kind)[0].key for kind in ("ope", "vot")] == ["auc", "eao"]
    assert all(curve.metric in METRICS for curve in CURVES.values())
    for kind in ("ope", "vot"):
        assert len(metrics_of(kind, "overview")) <= 3


def test_one_s_own_is_counted_over_the_same_frames_and_shown(own: Path) -> None:
    adopt_metrics([f"{own}:AO"])
    car = sequence("Car4", still(4, (10, 10, 20, 20)))
    bench = benchmark([car])
    results = TrackerResults(boxes={"Car4": still(4, (10, 10, 20, 10))})
    score = score_boxes(bench, results)
    assert score["overall"]["own_ao"] == pytest.approx((1 + 3 * 0.5) / 4)  # the first box is the truth
    assert score["sequences"]["Car4"]["own_ao"] == score["overall"]["own_ao"]
    scores = scored(trackers={"half": tracked(score["overall"])})
    head = score_sheet(scores).splitlines()[2]
    assert head.split()[:7] == ["Tracker", "AUC", "DP@20", "OP@0.5", "NP@0.2", "NP", "AUC"]
    assert head.split()[7] == "AO"


def test_a_key_of_ours_is_not_taken(own: Path) -> None:
    with pytest.raises(InputError, match="'auc' is already taken"):
        adopt_metrics([f"{own}:TAKEN"])
