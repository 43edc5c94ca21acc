"""Plots of one benchmark with their legends: which curves to draw, in which order, what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from training.benchmark.metric_table import CURVES, METRICS, Curve
from training.benchmark.report.breakdowns import attribute_metric
from training.benchmark.report.palette import Series
from training.benchmark.report.plots import accuracy_robustness_plot, attribute_plot, curve_plot
from training.benchmark.report.reading import Scores, rank, value
from training.benchmark.report.series_files import thresholds


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


def curve_figures(document: Scores, series: Mapping[str, Series]) -> list[Plot]:
    """The plots of a benchmark: each curve that any tracker has, and VOT's A-R plot."""
    plots = [
        plot for curve in CURVES.values() if (plot := _curve_figure(document, series, curve)) is not None
    ]
    reliability = _accuracy_robustness(document, series)
    return plots + ([reliability] if reliability else [])


def _curve_figure(document: Scores, series: Mapping[str, Series], kind: Curve) -> Plot | None:
    curves = {name: t.curves[kind.name] for name, t in document.trackers.items() if kind.name in t.curves}
    if not curves or not kind.title:
        return None
    metric = METRICS[kind.metric]
    ranked = [name for name in document.ranked() if name in curves]
    ranked.sort(key=lambda name: rank(document.number(name, metric)))
    legend = [(series[name], metric.text(document.number(name, metric))) for name in ranked]
    told = ", ".join(f"{line.label} {text}" for line, text in legend)
    count = max(len(curve) for curve in curves.values())
    svg = curve_plot(
        sorted(((series[name], curve) for name, curve in curves.items()), key=lambda pair: pair[0].index),
        thresholds(kind, count),
        key=f"{document.name}-{kind.name}",
        label=f"{kind.title}, {document.title}, protocol {document.protocol}. {metric.short}: {told}",
        x_label=kind.x_label,
        y_label=kind.y_label,
        marker=kind.marker,
        band=document.interval if kind.name == "expected_overlap" else None,
    )
    return Plot(kind.title, svg, metric.short, legend)


def _accuracy_robustness(document: Scores, series: Mapping[str, Series]) -> Plot | None:
    points = []
    for name, tracker in document.trackers.items():
        accuracy, reliability = document.number(name, METRICS["accuracy"]), tracker.overall.get("reliability")
        if accuracy is not None and reliability is not None:
            points.append((series[name], float(reliability), accuracy))
    if not points:
        return None
    points.sort(key=lambda point: (-point[2], point[0].index))
    legend = [(line, f"{accuracy:.3f} / {reliability:.3f}") for line, reliability, accuracy in points]
    told = ", ".join(f"{line.label} {text}" for line, text in legend)
    svg = accuracy_robustness_plot(
        points,
        key=f"{document.name}-ar",
        label=f"Accuracy and robustness on {document.title}, protocol {document.protocol}: {told}",
    )
    return Plot("Accuracy and robustness", svg, "accuracy / chance to survive", legend, numbered=True)


def attribute_figure(document: Scores, series: Mapping[str, Series]) -> Plot | None:
    """Bars for each attribute; None without attributes."""
    metric = attribute_metric(document)
    if metric is None:
        return None
    lines = [name for name in series if name in document.trackers]
    values = [
        (
            series[name],
            [
                value(document.trackers[name].attributes.get(attribute), metric)
                for attribute in document.attributes
            ],
        )
        for name in lines
    ]
    svg = attribute_plot(
        document.attributes,
        values,
        key=f"{document.name}-attributes",
        label=f"{metric.short} for each attribute of {document.title}; the table beside it has the numbers",
        x_label=metric.name.lower() if metric.title else metric.short,
    )
    return Plot(f"{metric.name} by attribute", svg, metric.short, [(series[name], "") for name in lines])
