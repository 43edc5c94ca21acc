"""The plots of the page. Each function takes numbers and gives SVG; legends are HTML, beside the plot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from training.benchmark.report.palette import Series
from training.benchmark.report.vector import (
    BAND,
    MUTED,
    PAGE,
    page_axes,
    page_style,
    series_colour,
    to_svg,
)

WIDTH = 380.0
"""Width of a plot in pixels: half the page's column, or a whole phone."""

Lines = Sequence[tuple[Series, ArrayLike]]


def curve_plot(
    lines: Lines,
    thresholds: ArrayLike,
    *,
    key: str,
    label: str,
    x_label: str,
    y_label: str,
    marker: float | None = None,
    band: tuple[float, float] | None = None,
) -> Markup:
    """Curves of trackers over a threshold (success, precision) or a length (expected overlap).

    Parameters
    ----------
    lines : sequence of (Series, (K,) values)
    thresholds : (K,)
    key, label : str
        As in `to_svg`.
    x_label, y_label : str
    marker : float
        Where the score is read off: a thin vertical line.
    band : (float, float)
        Interval to shade (EAO's).
    """
    x = np.asarray(thresholds, dtype=float)
    with page_style():
        axes = page_axes(WIDTH, 290)
        if band is not None:
            axes.axvspan(*band, color=BAND, linewidth=0)
        if marker is not None:
            axes.axvline(marker, color=MUTED, linewidth=1, dashes=(2, 2))
        for series, values in reversed(lines):
            y = np.asarray(values, dtype=float)
            draw_line(axes, x[: len(y)], y, series)
        axes.set(xlabel=x_label, ylabel=y_label, xlim=(x[0], x[-1] if len(x) > 1 else x[0] + 1), ylim=(0, 1))
        return to_svg(axes, key=key, label=label)


def draw_line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], series: Series) -> None:
    """A line in the colour, dashes and width of its series."""
    style = (0, series.dashes) if series.dashes else "-"
    (line,) = axes.plot(x, y, color=series_colour(series.colour), linewidth=series.width, linestyle=style)
    line.set_gid(f"s{series.index}")


def accuracy_robustness_plot(
    points: Sequence[tuple[Series, float, float]], *, key: str, label: str
) -> Markup:
    """VOT's A-R plot: a point for each tracker.

    Parameters
    ----------
    points : sequence of (Series, reliability, accuracy)
        In the order of the legend, which is the number in each point. Reliability is exp(-S F / frames), the
        chance to survive S = 30 frames [Kristan et al., TPAMI 2016].
    """
    with page_style():
        axes = page_axes(WIDTH, 290)
        for place, (series, reliability, accuracy) in reversed(list(enumerate(points, start=1))):
            (point,) = axes.plot(
                [reliability],
                [accuracy],
                marker="o",
                markersize=17,
                color=series_colour(series.colour),
                linestyle="none",
                clip_on=False,
            )
            point.set_gid(f"s{series.index}")
            axes.text(
                reliability,
                accuracy,
                str(place),
                color=PAGE,
                ha="center",
                va="center_baseline",
                fontweight="bold",
                gid=f"s{series.index}",
            )
        axes.set(
            xlabel="robustness: chance to survive 30 frames", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1)
        )
        return to_svg(axes, key=key, label=label)
