"""A matplotlib figure as SVG inside the page, in the page's colours and font.

matplotlib knows fixed colours only; the page has a light and a dark palette. So figures are drawn in marker colours
that nothing else uses, and in the SVG each marker is replaced by a CSS custom property of the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray

from training.benchmark.report.downloads import Download
from training.benchmark.report.palette import COLOURS, Series

TEMPLATES = Path(__file__).parent / "templates"

WIDTH = 380.0
"""Width of a plot in pixels: half the page's column, or a whole phone."""

INK = "#000001"
MUTED = "#000002"
GRID = "#000003"
BAND = "#000004"
PAGE = "#000005"


_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.scale_dashes": False,
    "figure.dpi": 72,
    "savefig.dpi": 72,
}


_FILES: Any = {"pdf.fonttype": 42, "legend.frameon": False, "legend.fontsize": 11, "axes.titlesize": 12}
"""Fonts as TrueType, since publishers refuse matplotlib's own kind."""
LEGEND_LINE = 17.0
TITLE = 24.0
"""Pixels of a line of the legend, and of the title, in a file."""


def series_colour(colour: int) -> str:
    """The marker of the custom property `--s<colour>`."""
    return f"#0001{colour:02x}"


_PROPERTIES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", BAND: "--band", PAGE: "--card"} | {
    series_colour(colour): f"--s{colour}" for colour in range(COLOURS)
}


@cache
def _print_colours() -> dict[str, str]:
    """The page's light colours, by marker."""
    light = (TEMPLATES / "style.css").read_text(encoding="utf-8").partition("}")[0]
    colours = dict(re.findall(r"(--\w+): (#[0-9a-f]{6})", light))
    return {marker: colours[name] for marker, name in _PROPERTIES.items()}


@contextmanager
def page_style() -> Iterator[None]:
    """Figures made inside the block have the page's style."""
    with matplotlib.rc_context(_STYLE):
        yield


def page_axes(width: float, height: float, *, left: float = 48, top: float = 8) -> Axes:
    """Axes in a new figure, with fixed margins (the left one for labels); sizes in the page's pixels."""
    figure = Figure(figsize=(width / 72, height / 72))
    return figure.add_axes(
        (left / width, 40 / height, (width - left - 12) / width, (height - 40 - top) / height)
    )


def draw_line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], series: Series) -> None:
    """A line in the colour, dashes and width of its series."""
    style = (0, series.dashes) if series.dashes else "-"
    colour, gid = series_colour(series.colour), f"s{series.index}"
    axes.plot(x, y, color=colour, linewidth=series.width, linestyle=style, gid=gid)


def to_svg(axes: Axes, *, key: str, label: str) -> Markup:
    """The figure of the axes as an inline `<svg role="img">`.

    Parameters
    ----------
    axes : Axes
        From `page_axes`, drawn inside `page_style`. A line or bar with the gid `"s3"` gets the class `s3`.
    key : str
        Unique on the page: salts the identifiers of clip paths and markers.
    label : str
        What the figure shows, for those who do not see it.

    Returns
    -------
    Markup
        Same figure, same bytes: no dates, hashed identifiers.
    """
    stream = io.StringIO()
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * figure.dpi
    with matplotlib.rc_context({"svg.hashsalt": key}):
        figure.savefig(stream, format="svg", transparent=True)
    text = stream.getvalue()
    text = " ".join(
        text[text.index("<g ") : text.rindex("</svg>")].split()
    )  # without its style sheet and the date
    text = re.sub(r' id="(s\d+)"', r' class="\1"', text)
    text = re.sub(r' id="[\w.]+_\d+"', "", text).replace(
        "xlink:href", "href"
    )  # figure_1, text_3: in every figure
    for marker, name in _PROPERTIES.items():
        text = text.replace(marker, f"var({name})")
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{text}</svg>'
    )


def to_files(
    axes: Axes, *, key: str, title: str, legend: Sequence[tuple[Series, str]], numbered: bool = False
) -> list[Download]:
    """The figure of the axes as files of their own, PDF and SVG, in the page's light colours.

    Parameters
    ----------
    axes : Axes
        As for `to_svg`, after it: the figure is changed.
    key : str
        Becomes the files' name.
    title : str
        Above the axes.
    legend : sequence of (Series, str)
        Below them: a line for each, with its number.
    numbered : bool
        Entries have their place instead of a line.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    left, bottom, width, height = axes.get_position().bounds
    tall = float(figure.bbox.height)
    extra = LEGEND_LINE * len(legend) + 6 if legend else 0.0
    whole = tall + extra + TITLE
    with matplotlib.rc_context({**_FILES, "svg.hashsalt": key}):
        figure.set_size_inches(figure.get_size_inches()[0], whole / figure.dpi)
        axes.set_position((left, (bottom * tall + extra) / whole, width, height * tall / whole))
        axes.set_title(title, color=INK, loc="left", pad=tall * (1 - bottom - height))
        if legend:
            handles = [_handle(series, numbered=numbered) for series, _ in legend]
            words = [f"{series.label}  {text}".strip() for series, text in legend]
            if numbered:
                words = [f"{number}  {text}" for number, text in enumerate(words, start=1)]
            place: Any = {"loc": "lower left", "bbox_to_anchor": (left, 0), "borderaxespad": 0.2}
            figure.legend(handles, words, labelspacing=0.25, labelcolor=INK, **place)
        _repaint(figure)
        for text in figure.findobj(Text):
            # A ligature is in another subset of the font, which takes as long again to embed.
            text.set_fontfeatures(["-liga"])
        files = []
        for kind, metadata in (
            ("PDF", ("CreationDate", "Creator", "Producer")),
            ("SVG", ("Date", "Creator")),
        ):
            stream = io.BytesIO()
            figure.savefig(stream, format=kind.lower(), metadata=dict.fromkeys(metadata))
            files.append(Download(kind, key, stream.getvalue()))
    return files


def _handle(series: Series, *, numbered: bool) -> Line2D:
    colour = series_colour(series.colour)
    if numbered:
        return Line2D([], [], color=colour, marker="o", linestyle="none")
    style: Any = (0, series.dashes) if series.dashes else "-"
    return Line2D([], [], color=colour, linewidth=series.width, linestyle=style)


def _repaint(figure: Figure) -> None:
    """Marker colours become those of `_print_colours`."""
    colours = _print_colours()
    for artist in figure.findobj():
        for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            if (get := getattr(artist, f"get_{part}", None)) is None:
                continue
            try:
                colour = to_hex(get())
            except ValueError:  # "none", or several
                continue
            if colour in colours:
                getattr(artist, f"set_{part}")(colours[colour])
