from __future__ import annotations

from math import nan
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from tests.training.benchmark.report.conftest import recorded
from tests.training.benchmark.report.test_figures import classes, ends, words
from training.benchmark.report.palette import assign_series
from training.benchmark.report.timelines import TIMELINE_POINTS, thinned, timeline, training_plots
from training.epochs import EpochRow

A, B = assign_series(["a", "b"], leader="a").values()


def test_a_short_sequence_is_drawn_frame_by_frame() -> None:
    frames, values = thinned(np.array([0.5, np.nan, 1.0]))
    np.testing.assert_array_equal(frames, [1, 2, 3])
    np.testing.assert_array_equal(values, [0.5, np.nan, 1.0])


@pytest.mark.parametrize("count", [TIMELINE_POINTS, TIMELINE_POINTS + 1, 10 * TIMELINE_POINTS + 3])
def test_a_long_one_in_blocks_that_keep_the_mean(count: int) -> None:
    values = np.random.default_rng(0).random(count)
    frames, means = thinned(values)
    assert len(frames) <= TIMELINE_POINTS
    assert 1 <= frames[0] < frames[-1] <= count
    assert means.mean() == pytest.approx(values.mean(), abs=0.02)
    block = -(-count // TIMELINE_POINTS)
    assert means[0] == pytest.approx(values[:block].mean())


def test_gaps_stay_gaps_in_blocks() -> None:
    values = np.ones(4 * TIMELINE_POINTS)
    values[:8] = np.nan
    values[9] = np.nan
    _, means = thinned(values)
    assert np.isnan(means[:2]).all()
    assert (means[2:] == 1).all()


def test_timeline_marks_the_frames_shown() -> None:
    lines = [(A, np.linspace(1, 0, 50)), (B, np.zeros(50))]
    svg, files = timeline(
        lines, [1, 25, 50], key="k", label="told", title="Ant", legend=[(A, ".5"), (B, ".0")]
    )
    assert [file.name for file in files] == ["k.pdf", "k.svg"]
    assert sorted(classes(svg)) == ["s0", "s1"]
    markers = [e for e in etree.fromstring(svg).iter("{*}use") if "var(--ink)" in e.get("style", "")]
    assert len(markers) == 3
    xs = [float(e.get("x", "")) for e in markers]
    line = ends(svg, "s0")[:, 0]
    assert xs[0] == pytest.approx(line[0], abs=0.1)
    assert xs[-1] == pytest.approx(line[1], abs=0.1)


def test_a_sequence_of_one_frame() -> None:
    svg, _ = timeline([(A, np.array([1.0]))], [1], key="k", label="", title="", legend=[])
    assert "<svg" in svg


def test_training_plots_of_what_is_there(tmp_path: Path) -> None:
    rows = [EpochRow(n, 1 / n, 0.01, 1.0, 2 / n, None) for n in range(1, 6)]
    plots = training_plots(recorded(tmp_path, rows))
    assert [plot.title for plot in plots] == ["Loss", "Learning rate"]
    assert [series.label for series, _ in plots[0].lines] == ["training", "validation"]
    assert 'aria-label="Loss over 5 epochs: training from 1 to 0.2, validation from 2 to 0.4"' in plots[0].svg
    assert "0.01" in words(str(plots[1].svg))


def test_a_rate_over_decades_is_drawn_on_a_logarithmic_axis() -> None:
    rows = [EpochRow(n, 1.0, 10.0**-n, 1.0, None, None) for n in range(1, 6)]
    _, rate = training_plots(rows)
    assert {"0.001", "0.1"} <= set(words(str(rate.svg)))


def test_a_column_that_starts_late_and_one_that_is_nan() -> None:
    rows = [EpochRow(1, 1.0, 0.1, nan, None, nan), EpochRow(2, 0.5, 0.1, nan, 0.7, nan)]
    loss, rate = training_plots(rows)
    assert "validation from nan to 0.7" in loss.svg
    assert rate.title == "Learning rate"


def test_no_rows_no_plots() -> None:
    assert training_plots([]) == []
