"""Plots of one benchmark with their legends: which curves to draw, in which order, what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from training.benchmark.report.palette import Series
from training.benchmark.report.plots import accuracy_robustness_plot, curve_plot
from training.benchmark.report.reading import OPE_METRICS, VOT_METRICS, Metric, Scores, rank
from training.benchmark.report.series_files import thresholds

AUC, DP20, _, NORM_PRECISION = OPE_METRICS
EAO, ACCURACY = VOT_METRICS[:2]


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


@dataclass(frozen=True)
class _Kind:
    curve: str
    title: str
    metric: Metric
    x_label: str
    y_label: str
    marker: float | None = None


_KINDS = (
    _Kind("success", "Success", AUC, "overlap threshold", "success rate"),
    _Kind("precision", "Precision", DP20, "centre error threshold (pixels)", "precision", 20),
    _Kind(
        "norm_precision",
        "Normalised precision",
        NORM_PRECISION,
        "centre error (target sizes)",
        "precision",
        0.2,
    ),
    _Kind("expected_overlap", "Expected overlap", EAO, "sequence length (frames)", "expected overlap"),
)


def curve_figures(document: Scores, series: Mapping[str, Series]) -> list[Plot]:
    """The plots of a benchmark: each curve that any tracker has, and VOT's A-R plot."""
    plots = [plot for kind in _KINDS if (plot := _curve_figure(document, series, kind)) is not None]
    reliability = _accuracy_robustness(document, series)
    return plots + ([reliability] if reliability else [])


def _curve_figure(document: Scores, series: Mapping[str, Series], kind: _Kind) -> Plot | None:
    curves = {name: t.curves[kind.curve] for name, t in document.trackers.items() if kind.curve in t.curves}
    if not curves:
        return None
    ranked = [name for name in document.ranked() if name in curves]
    ranked.sort(key=lambda name: (not document.whole(name), rank(document.number(name, kind.metric))))
    legend = [(series[name], _told(document, name, kind.metric)) for name in ranked]
    told = ", ".join(f"{line.label} {text}" for line, text in legend)
    count = max(len(curve) for curve in curves.values())
    svg = curve_plot(
        sorted(((series[name], curve) for name, curve in curves.items()), key=lambda pair: pair[0].index),
        thresholds(kind.curve, count),
        key=f"{document.name}-{kind.curve}",
        label=f"{kind.title}, {document.title}, protocol {document.protocol}. {kind.metric.short}: {told}",
        x_label=kind.x_label,
        y_label=kind.y_label,
        marker=kind.marker,
        band=document.interval if kind.curve == "expected_overlap" else None,
    )
    return Plot(kind.title, svg, kind.metric.short, legend)


def _told(document: Scores, name: str, metric: Metric) -> str:
    """A tracker's number, and of how many sequences where that is not all."""
    share = document.share(name)
    return metric.text(document.number(name, metric)) + (f" ({share})" if share else "")


def _accuracy_robustness(document: Scores, series: Mapping[str, Series]) -> Plot | None:
    points = []
    for name, tracker in document.trackers.items():
        accuracy, reliability = document.number(name, ACCURACY), tracker.overall.get("reliability")
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
