"""One picture of all distributions: one small histogram per measure, one line per subset."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from curation.png import encode_png
from curation.quality.measures import MEASURES

LOGARITHMIC = {"box_size", "relative_size", "aspect", "size_change", "aspect_change"}
"""Measures of ratios and sizes, which spread over orders of magnitude."""

BINS = 50
NARROWEST = 1.5
"""Ratio that a logarithmic axis spans at least, so that it has a number on it."""

NARROW = 5.0
"""Ratio under which a logarithmic axis has evenly spaced numbers: steps of 1, 2, 5 would leave it one or none."""


def histograms(values: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> bytes:
    """A PNG of the distributions.

    Parameters
    ----------
    values : mapping
        Subset -> measure -> (N,) values, without NaN.
    """
    figure = Figure(figsize=(14, 7), dpi=100)
    panels = figure.subplots(2, -(-len(MEASURES) // 2)).ravel()
    for panel, (name, meaning) in zip(panels, MEASURES.items(), strict=True):
        together = np.concatenate([measures[name] for measures in values.values()])
        edges = _edges(together, logarithmic=name in LOGARITHMIC)
        for subset, measures in values.items():
            counts, _ = np.histogram(np.clip(measures[name], edges[0], edges[-1]), edges)
            panel.stairs(counts / max(len(measures[name]), 1), edges, label=subset, linewidth=1.2)
        if name in LOGARITHMIC:
            panel.set_xscale("log")
            narrow = edges[-1] / edges[0] < NARROW
            panel.xaxis.set_major_locator(
                MaxNLocator(4) if narrow else LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
            )
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_title(name.replace("_", " "), fontsize=11)
        panel.set_xlabel("\n".join(textwrap.wrap(meaning, 44)), fontsize=8)
        panel.set_ylabel("share of boxes", fontsize=8)
        panel.tick_params(labelsize=8)
    panels[0].legend(title="subset", fontsize=8, title_fontsize=8)
    figure.subplots_adjust(left=0.045, right=0.99, top=0.95, bottom=0.09, wspace=0.24, hspace=0.34)
    return encode_png(figure, dpi=100)


def _edges(values: NDArray[np.float64], *, logarithmic: bool) -> NDArray[np.float64]:
    """Bin edges, from 0 or the 0.1 % quantile to the 99.9 % one; the outermost bins hold what lies beyond."""
    low, high = np.quantile(values, [0.001, 0.999]) if len(values) else (1.0, 1.0)
    if not logarithmic:
        return np.linspace(0, max(high, 0.1), BINS + 1)
    widest = max(high / low, NARROWEST)
    middle = np.sqrt(low * high)
    return np.geomspace(middle / np.sqrt(widest), middle * np.sqrt(widest), BINS + 1)
