"""Plots over time: overlap over the frames of a sequence, training over epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from training.benchmark.report.downloads import Download
from training.benchmark.report.palette import Series
from training.benchmark.report.vector import INK, WIDTH, draw_line, page_axes, page_style, to_files, to_svg
from training.epochs import EpochRow

TIMELINE_POINTS = 240
"""More frames than this are averaged in equal blocks, so that a long sequence stays a small plot."""


def timeline(
    lines: Sequence[tuple[Series, NDArray[np.float64]]],
    shown: Sequence[int],
    *,
    key: str,
    label: str,
    title: str,
    legend: Sequence[tuple[Series, str]],
) -> tuple[Markup, list[Download]]:
    """Overlap over the frames of one sequence, for the page and as files.

    Parameters
    ----------
    lines : sequence of (Series, (N,) overlaps)
        NaN leaves a gap.
    shown : sequence of int
        1-based frames that have a picture: marked above.
    key, label : str
        As of `vector.to_svg`.
    title, legend
        Of the files, as of `vector.to_files`.
    """
    with page_style():
        axes = page_axes(WIDTH, 150, top=16)
        last = 1
        for series, overlaps in reversed(lines):
            last = max(last, len(overlaps))
            draw_line(axes, *thinned(overlaps), series)
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
        svg = to_svg(axes, key=key, label=label)
        return svg, to_files(axes, key=key, title=title, legend=legend)


def thinned(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    files: Sequence[Download]


_TRAINING = (
    ("Loss", "loss", (("loss", "training"), ("validation_loss", "validation"))),
    ("Centre error", "pixels", (("centre_error", "validation"),)),
    ("Learning rate", "learning rate", (("learning_rate", "learning rate"),)),
)
"""Title, unit, and fields of `EpochRow` with the names of their lines."""


def training_plots(rows: Sequence[EpochRow]) -> list[TrainingPlot]:
    """Plots of what training recorded each epoch; validation only where there was any."""
    plots = []
    for title, unit, columns in _TRAINING:
        lines = []
        for index, (column, name) in enumerate(columns):
            values = np.array([getattr(row, column) for row in rows], dtype=float)  # None becomes NaN
            if np.isfinite(values).any():
                lines.append((Series(index, column, name, leader=index == 0), values))
        if lines:
            svg, files = _training_plot([row.epoch for row in rows], lines, title=title, unit=unit)
            plots.append(TrainingPlot(title, svg, [(series, "") for series, _ in lines], files))
    return plots


def _training_plot(
    epochs: Sequence[int], lines: Sequence[tuple[Series, NDArray[np.float64]]], *, title: str, unit: str
) -> tuple[Markup, list[Download]]:
    told = ", ".join(f"{series.label} from {values[0]:.4g} to {values[-1]:.4g}" for series, values in lines)
    with page_style():
        axes = page_axes(WIDTH, 250, left=60)
        for series, values in lines:
            draw_line(axes, np.asarray(epochs, dtype=float), values, series)
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
        key = f"training-{lines[0][0].name}"
        svg = to_svg(axes, key=key, label=f"{title} over {len(epochs)} epochs: {told}")
        legend = [(series, "") for series, _ in lines] if len(lines) > 1 else []
        return svg, to_files(axes, key=key, title=title, legend=legend)
