"""A matplotlib figure as SVG that belongs into the page: its colours, its font, no identifiers of its own.

matplotlib knows fixed colours only, the page has two palettes. Figures are therefore drawn in a few marker
colours that nothing else uses, and the finished SVG has each replaced by the page's CSS custom property.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from lxml import etree
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#000001"
MUTED = "#000002"
GRID = "#000003"
BAND = "#000004"
PAGE = "#000005"
_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", BAND: "--band", PAGE: "--card"}

_SVG = "{http://www.w3.org/2000/svg}"
_LENGTHS = frozenset({"d", "x", "y", "width", "height", "transform", "viewBox", "style"})
"""Attributes whose numbers are lengths in pixels: two decimals are enough."""
_LINK = "{http://www.w3.org/1999/xlink}href"

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
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


def series_colour(colour: int) -> str:
    """The marker colour that becomes the custom property `--s<colour>`."""
    return f"#0001{colour:02x}"


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


def to_svg(axes: Axes, *, key: str, label: str) -> Markup:
    """The figure of the axes as an inline `<svg role="img">`.

    Parameters
    ----------
    axes : Axes
        From `page_axes`, drawn inside `page_style`. A line or bar with the gid `"s3"` gets the class `s3`.
    key : str
        Unique on the page; prefixes the few identifiers that references need.
    label : str
        What the figure shows, for those who do not see it.

    Returns
    -------
    Markup
        Same figure, same bytes: no dates, hashed identifiers, coordinates with two decimals.
    """
    stream = io.BytesIO()
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.savefig(
        stream,
        format="svg",
        transparent=True,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
    root = etree.fromstring(stream.getvalue(), parser)
    etree.strip_elements(root, f"{_SVG}style", with_tail=False)
    _rename(root, key)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, "")
    root.set("class", "plot")
    root.set("role", "img")
    root.set("aria-label", label)
    return Markup(_tidy(etree.tostring(root, encoding="unicode")))


def _rename(root: etree._Element, key: str) -> None:
    """Drop identifiers nothing refers to, turn those of series into classes, prefix the others."""
    used = {element.get(_LINK, "")[1:] for element in root.iter(f"{_SVG}use")}
    used.update(
        found
        for element in root.iter()
        for found in re.findall(r"url\(#(\w+)\)", element.get("clip-path", ""))
    )
    for element in root.iter():
        name = element.get("id")
        if name is not None:
            del element.attrib["id"]
            if name in used:
                element.set("id", f"{key}-{name}")
            elif re.fullmatch(r"s\d+", name):
                element.set("class", name)
        if element.tag == f"{_SVG}use":
            element.set("href", f"#{key}-{str(element.attrib.pop(_LINK))[1:]}")
        if "clip-path" in element.attrib:
            element.set("clip-path", element.get("clip-path", "").replace("url(#", f"url(#{key}-"))
        if element.tag == f"{_SVG}text":
            element.set("style", re.sub(r"font-family: [^;]*;?\s*", "", element.get("style", "")))
            if element.get("transform", "").startswith("rotate(-0 "):
                del element.attrib["transform"]
        for name in _LENGTHS.intersection(map(str, element.attrib)):
            element.set(name, re.sub(r"\d+\.\d{3,}", _rounded, element.get(name, "")))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _tidy(text: str) -> str:
    for marker, variable in _VARIABLES.items():
        text = text.replace(marker, f"var({variable})")
    text = re.sub(r"#0001([0-9a-f]{2})", lambda found: f"var(--s{int(found[1], 16)})", text)
    text = re.sub(r' xmlns:xlink="[^"]*"', "", text, count=1)
    return re.sub(r"\s*\n\s*", " ", text)
