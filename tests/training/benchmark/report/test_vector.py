from __future__ import annotations

import re

from lxml import etree

from training.benchmark.report.palette import COLOURS, Series
from training.benchmark.report.vector import (
    BAND,
    GRID,
    INK,
    MUTED,
    PAGE,
    page_axes,
    page_style,
    series_colour,
    to_files,
    to_svg,
)


def draw(key: str = "k", *, name: str = "a < b & $x$") -> str:
    with page_style():
        axes = page_axes(380, 200)
        (line,) = axes.plot([0, 0.5, 1], [0.123456789, 0.5, 1], marker="o", color=series_colour(3))
        line.set_gid("s3")
        axes.text(0.5, 0.5, name, color=INK)
        return str(to_svg(axes, key=key, label='says "hi" <b>'))


def test_is_well_formed_and_named() -> None:
    root = etree.fromstring(draw())
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'says "hi" <b>'
    assert root.get("viewBox") == "0 0 380 200"
    assert root.get("width") is None


def test_text_stays_text_and_is_no_formula() -> None:
    words = [element.text for element in etree.fromstring(draw()).iter("{*}text")]
    assert "a < b & $x$" in words


def test_tick_labels_keep_their_digits() -> None:
    with page_style():
        axes = page_axes(380, 200)
        axes.plot([0, 1], [0.0025, 0.0075])
        words = [e.text for e in etree.fromstring(str(to_svg(axes, key="k", label=""))).iter("{*}text")]
    assert "0.004" in words


def test_colours_are_the_page_s() -> None:
    text = draw()
    assert "var(--s3)" in text
    assert "var(--ink)" in text
    assert not re.search(r"#0000|#0001", text)
    assert not re.search(r"(stroke|fill): #", text)


def test_series_are_classes_and_identifiers_are_those_referred_to() -> None:
    text = draw("one")
    root = etree.fromstring(text)
    assert [element.get("class") for element in root.iter("{*}g") if element.get("class")] == ["s3"]
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#(.*?)"|url\(#(.*?)\)', text)) == {
        (name, "") if name.startswith("m") else ("", name) for name in ids
    }


def test_two_plots_on_a_page_share_no_identifier() -> None:
    first, second = (set(re.findall(r' id="(.*?)"', draw(key))) for key in ("a", "b"))
    assert first
    assert not first & second


def test_no_style_sheet_of_its_own() -> None:
    assert "<style" not in draw()


def test_same_bytes_again_and_no_date() -> None:
    assert draw() == draw()
    assert not re.search(r"20\d\d-\d\d-\d\d", draw())
    assert "<metadata" not in draw()


def test_style_does_not_leak() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    with page_style():
        draw()
        assert dict(matplotlib.rcParams) != before
    assert dict(matplotlib.rcParams) == before


def test_markers_of_colours_differ() -> None:
    markers = {INK, MUTED, GRID, BAND, PAGE, *(series_colour(colour) for colour in range(COLOURS))}
    assert len(markers) == 5 + COLOURS


def files(key: str = "otb2013 success") -> dict[str, bytes]:
    line = Series(3, "c", "C & D", leader=True)
    with page_style():
        axes = page_axes(380, 200)
        axes.plot([0, 1], [0, 1], color=series_colour(3), gid="s3")
        to_svg(axes, key=key, label="x")
        return {
            one.name: one.content
            for one in to_files(
                axes, key=key, title="Success at first, OTB-2013 (built in)", legend=[(line, "0.500")]
            )
        }


def test_files_have_title_legend_and_plain_colours() -> None:
    found = files()
    assert list(found) == ["otb2013-success.pdf", "otb2013-success.svg"]
    root = etree.fromstring(found["otb2013-success.svg"])
    words = ["".join(element.itertext()) for element in root.iter("{*}text")]
    assert {"Success at first, OTB-2013 (built in)", "C & D  0.500"} <= set(words)
    text = found["otb2013-success.svg"].decode()
    assert "var(" not in text
    assert not re.search(r"#000[01][0-9a-f]{2}", text.replace("#000000", "")), "a marker is left"
    assert "#8240c0" in text, "the third colour of the light page"


def test_files_of_the_same_figure_are_the_same_bytes_with_fonts_that_publishers_take() -> None:
    found = files()
    assert found == files()
    pdf = found["otb2013-success.pdf"]
    assert pdf.startswith(b"%PDF-")
    assert b"/CIDFontType2" in pdf or b"/TrueType" in pdf
    assert b"/Type3" not in pdf
    assert pdf.count(b"/FontFile2") == 1, "ligatures take a second one"
