"""Plots of one benchmark with their legends: which curves to draw, in which order, what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from training.benchmark.report.downloads import Download
from training.benchmark.report.palette import Series
from training.benchmark.report.series_files import thresholds
from training.benchmark.report.vector import (
    BAND,
    MUTED,
    PAGE,
    WIDTH,
    draw_line,
    page_axes,
    page_style,
    series_colour,
    to_files,
    to_svg,
)
from training.benchmark.scores.curve_table import CURVES, Curve
from training.benchmark.scores.metric_table import METRICS, Metric
from training.benchmark.scores.score_document import Scores

ACCURACY = METRICS["accuracy"]


@dataclass(frozen=True)
class Plot:
    """A plot and its legend: every line's series and number, best first.

    `numbered`: the plot has points with their place in the legend, 1-based, instead of lines.
    """

    title: str
    svg: Markup
    metric: str
    legend: Sequence[tuple[Series, str]]
    numbered: bool = False
    files: Sequence[Download] = ()


def curve_figures(document: Scores, series: Mapping[str, Series]) -> list[Plot]:
    """The plots of a benchmark: each curve that any tracker has, and VOT's A-R plot."""
    plots = [
        plot for curve in CURVES.values() if (plot := _curve_figure(document, series, curve)) is not None
    ]
    reliability = _accuracy_robustness(document, series)
    return plots + ([reliability] if reliability else [])


def _curve_figure(document: Scores, series: Mapping[str, Series], curve: Curve) -> Plot | None:
    """Curves over a threshold or a length; EAO's interval of lengths is shaded."""
    curves = {
        name: np.array(t.overall.curves[curve.name], dtype=float)
        for name, t in document.trackers.items()
        if curve.name in t.overall.curves
    }
    if not curves or not curve.title:
        return None
    metric = METRICS[curve.metric]
    ranked = [name for name in document.ranked(metric) if name in curves]
    legend = [(series[name], _told(document, name, metric)) for name in ranked]
    told = ", ".join(f"{line.label} {text}" for line, text in legend)
    x = np.array(thresholds(curve, max(map(len, curves.values()))), dtype=float)
    with page_style():
        axes = page_axes(WIDTH, 290)
        if curve.name == "expected_overlap" and document.interval is not None:
            axes.axvspan(*document.interval, color=BAND, linewidth=0)
        if curve.marker is not None:
            axes.axvline(curve.marker, color=MUTED, linewidth=1, dashes=(2, 2))
        for name in sorted(curves, key=lambda n: (series[n].leader, -series[n].index)):  # the leader's on top
            draw_line(axes, x[: len(curves[name])], curves[name], series[name])
        end = x[-1] if len(x) > 1 else x[0] + 1
        axes.set(xlabel=curve.x_label, ylabel=curve.y_label, xlim=(x[0], end), ylim=(0, 1))
        label = f"{curve.title}, {document.title}, protocol {document.protocol}. {metric.short}: {told}"
        key, title = f"{document.name}-{curve.name}", f"{curve.title}, {document.title}"
        svg, files = to_svg(axes, key=key, label=label), to_files(axes, key=key, title=title, legend=legend)
    return Plot(curve.title, svg, metric.short, legend, files=files)


def _told(document: Scores, name: str, metric: Metric) -> str:
    """A tracker's number, and of how many sequences where that is not all."""
    share = document.share(name)
    return metric.text(document.number(name, metric)) + (f" ({share})" if share else "")


def _accuracy_robustness(document: Scores, series: Mapping[str, Series]) -> Plot | None:
    """VOT's A-R plot: a point for each tracker, with its place in the legend.

    Reliability is exp(-S F / frames), the chance to survive S = 30 frames [Kristan et al., TPAMI 2016].
    """
    points = []
    for name, tracker in document.trackers.items():
        accuracy, reliability = document.number(name, ACCURACY), tracker.overall.values.get("reliability")
        if accuracy is not None and reliability is not None:
            points.append((series[name], float(reliability), accuracy))
    if not points:
        return None
    points.sort(key=lambda point: (-point[2], point[0].index))
    legend = [(line, f"{accuracy:.3f} / {reliability:.3f}") for line, reliability, accuracy in points]
    told = ", ".join(f"{line.label} {text}" for line, text in legend)
    with page_style():
        axes = page_axes(WIDTH, 290)
        for place, (line, x, y) in reversed(list(enumerate(points, start=1))):
            gid = f"s{line.index}"
            axes.plot(
                [x],
                [y],
                marker="o",
                markersize=17,
                color=series_colour(line.colour),
                linestyle="none",
                clip_on=False,
                gid=gid,
            )
            centred: Any = {"ha": "center", "va": "center_baseline", "fontweight": "bold"}
            axes.text(x, y, str(place), color=PAGE, gid=gid, **centred)
        x_label = "robustness: chance to survive 30 frames"
        axes.set(xlabel=x_label, ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        label = f"Accuracy and robustness on {document.title}, protocol {document.protocol}: {told}"
        key, title = f"{document.name}-ar", f"Accuracy and robustness, {document.title}"
        svg = to_svg(axes, key=key, label=label)
        files = to_files(axes, key=key, title=title, legend=legend, numbered=True)
    return Plot(
        "Accuracy and robustness", svg, "accuracy / chance to survive", legend, numbered=True, files=files
    )
