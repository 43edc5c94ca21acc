"""The plots of the page. Each function takes numbers and gives SVG; legends are HTML, beside the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from training.benchmark.report.palette import Series
from training.benchmark.report.vector import (
    BAND,
    INK,
    MUTED,
    PAGE,
    page_axes,
    page_style,
    series_colour,
    to_svg,
)

WIDTH = 380.0
"""Width of a plot in pixels: half the page's column, or a whole phone."""
LETTER = 7.2
"""Width allowed for a letter of an attribute's name, pixels."""
TIMELINE_POINTS = 240
"""More frames than this are averaged in equal blocks, so that a long sequence stays a small plot."""

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
            _line(axes, x[: len(y)], y, series)
        axes.set(xlabel=x_label, ylabel=y_label, xlim=(x[0], x[-1]), ylim=(0, 1))
        return to_svg(axes, key=key, label=label)


def _line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], series: Series) -> None:
    style = (0, series.dashes) if series.dashes else "-"
    (line,) = axes.plot(x, y, color=series_colour(series.colour), linewidth=series.width, linestyle=style)
    line.set_gid(f"s{series.index}")


def attribute_plot(
    names: Sequence[str],
    values: Sequence[tuple[Series, Sequence[float | None]]],
    *,
    key: str,
    label: str,
    x_label: str,
) -> Markup:
    """One group of bars for each attribute, one bar for each tracker.

    Parameters
    ----------
    names : sequence of str
        Attributes, top to bottom.
    values : sequence of (Series, values)
        A value for each attribute; None where the tracker has none.
    key, label : str
        As in `to_svg`.
    x_label : str
    """
    rows = np.arange(len(names), dtype=float)
    thickness = 0.8 / len(values)
    with page_style():
        left = 16 + LETTER * max(len(name) for name in names)
        axes = page_axes(WIDTH, 50 + len(names) * max(22, 7 * len(values) + 6), left=left)
        for place, (series, numbers) in enumerate(values):
            widths = [0.0 if number is None else number for number in numbers]
            offsets = rows + (place - (len(values) - 1) / 2) * thickness
            bars = axes.barh(offsets, widths, height=thickness * 0.86, color=series_colour(series.colour))
            for bar in bars:
                bar.set_gid(f"s{series.index}")
        axes.set_yticks(rows, labels=[str(name) for name in names])
        axes.set(xlabel=x_label, xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        return to_svg(axes, key=key, label=label)


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


def timeline(lines: Lines, shown: Sequence[int], *, key: str, label: str) -> Markup:
    """Overlap over the frames of one sequence.

    Parameters
    ----------
    lines : sequence of (Series, (N,) overlaps)
        NaN leaves a gap.
    shown : sequence of int
        1-based frames that have a picture: marked above.
    """
    with page_style():
        axes = page_axes(WIDTH, 150, top=16)
        last = 1
        for series, overlaps in reversed(lines):
            y = np.asarray(overlaps, dtype=float)
            last = max(last, len(y))
            x, y = _thin(y)
            _line(axes, x, y, series)
        axes.plot(
            list(shown),
            [1.09] * len(shown),
            marker="v",
            markersize=6,
            color=INK,
            linestyle="none",
            clip_on=False,
            zorder=5,
        )
        axes.set(xlabel="frame", ylabel="overlap", xlim=(1, max(last, 2)), ylim=(0, 1), yticks=(0, 0.5, 1))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        return to_svg(axes, key=key, label=label)


def _thin(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1-based frame numbers and values, averaged in blocks if there are too many (one of NaN stays NaN)."""
    block = -(-len(values) // TIMELINE_POINTS)
    padded = np.full((-(-len(values) // block)) * block, np.nan)
    padded[: len(values)] = values
    blocks = padded.reshape(-1, block)
    known = ~np.isnan(blocks)
    sums = np.where(known, blocks, 0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        means = sums / known.sum(axis=1)
    starts = np.arange(len(blocks)) * block + 1
    ends = np.minimum(starts + block - 1, len(values))
    return (starts + ends) / 2, means


@dataclass(frozen=True)
class TrainingPlot:
    """A plot of what training recorded; `lines` are its series, with no number beside them."""

    title: str
    svg: Markup
    lines: Sequence[tuple[Series, str]]


_TRAINING = (
    ("Loss", "loss", (("loss", "training"), ("val_loss", "validation"))),
    ("Centre error", "pixels", (("centre_error", "validation"),)),
    ("Learning rate", "learning rate", (("lr", "learning rate"),)),
)
"""Title, unit, and columns with the names of their lines."""


def training_plots(rows: Sequence[Mapping[str, float]]) -> list[TrainingPlot]:
    """Plots of what training recorded each epoch (`ReportContent.curves`), as far as it is there."""
    plots = []
    for title, unit, columns in _TRAINING:
        lines = [
            (
                Series(index, column, name, trained=index == 0),
                [float(row.get(column, np.nan)) for row in rows],
            )
            for index, (column, name) in enumerate(columns)
            if any(column in row for row in rows)
        ]
        if lines:
            svg = _training_plot([float(row["epoch"]) for row in rows], lines, title=title, unit=unit)
            plots.append(TrainingPlot(title, svg, [(series, "") for series, _ in lines]))
    return plots


def _training_plot(
    epochs: Sequence[float], lines: Sequence[tuple[Series, Sequence[float]]], *, title: str, unit: str
) -> Markup:
    told = ", ".join(f"{series.label} from {values[0]:.4g} to {values[-1]:.4g}" for series, values in lines)
    with page_style():
        axes = page_axes(WIDTH, 250, left=60)
        for series, values in lines:
            _line(axes, np.asarray(epochs), np.asarray(values), series)
        axes.set(xlabel="epoch", ylabel=unit)
        smallest, largest = (
            np.nanmin([values for _, values in lines]),
            np.nanmax([values for _, values in lines]),
        )
        if smallest > 0 and largest > 20 * smallest:
            axes.set_yscale("log")
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(bottom=min(0, smallest))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        return to_svg(
            axes,
            key=f"training-{lines[0][0].name}",
            label=f"{title} over {len(epochs)} epochs: {told}",
        )
