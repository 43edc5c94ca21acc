"""The page in headless Chromium: from disk, without a network, on wide and narrow screens, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.benchmark.report.browser import Page, browse, find_browser
from training.benchmark.report.breakdowns import ATTRIBUTES
from training.benchmark.report.content import ReportContent
from training.benchmark.report.page import write_report

WIDTHS = [400, 900, 1400]
LABELS = (".tag", ".number", ".badge")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    found = find_browser()
    if found is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with browse(found, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def url(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("report") / "index.html"
    write_report(file, content)
    return file.as_uri()


@pytest.fixture(params=WIDTHS)
def opened(request: pytest.FixtureRequest, browser: Page, url: str) -> Page:
    browser.open(url, width=request.param)
    return browser


def test_no_message_in_the_console_and_no_request(opened: Page, url: str) -> None:
    assert opened.evaluate("document.querySelector('h1').textContent") == "Test report"
    assert opened.messages == []
    assert opened.requests[0] == url
    assert [request[:60] for request in opened.requests[1:] if not request.startswith("data:")] == []


def test_a_request_and_a_message_would_be_seen(browser: Page, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text(
        "<!DOCTYPE html><title>x</title><img src='gone.png'><script>console.error('oh'); no()</script>"
    )
    browser.open(file.as_uri())
    assert any("gone.png" in request for request in browser.requests)
    assert any("oh" in message for message in browser.messages)
    assert any("no is not defined" in message for message in browser.messages)


def test_every_picture_is_there(opened: Page) -> None:
    widths = opened.evaluate(
        "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth, () => 0)))"
    )
    assert len(widths) == 19
    assert min(widths) > 0


def test_the_page_does_not_scroll_sideways(opened: Page) -> None:
    overflow = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0


def test_nothing_but_scrolling_tables_leaves_the_screen(opened: Page) -> None:
    beyond = opened.evaluate(
        """[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll > *, svg, .skip'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert beyond == []


def test_plots_are_as_wide_as_a_phone_and_their_text_is_readable(browser: Page, url: str) -> None:
    browser.open(url, width=400)
    sizes = browser.evaluate(
        """[...document.querySelectorAll('svg.plot')].map(s => {
        const box = s.getBoundingClientRect(); const text = s.querySelector('text');
        const scale = box.width / s.viewBox.baseVal.width;
        return [box.width, parseFloat(getComputedStyle(text).fontSize) * scale] })"""
    )
    assert sizes
    assert all(width > 280 and letters > 8.5 for width, letters in sizes)


def contrast(browser: Page, selector: str, style: str = "color") -> float:
    """The smallest contrast (WCAG) of what a selector finds to the first opaque background behind it."""
    ratio: float = browser.evaluate(
        """((selector, style) => {
        const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
        const light = (c) => numbers(c).slice(0, 3).map(v => v / 255)
            .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
        const ratios = [...document.querySelectorAll(selector)].map(element => {
            let behind = element;
            const clear = (c) => numbers(c)[3] === 0;
            while (clear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
            const ground = getComputedStyle(behind).backgroundColor;
            const pair = [light(getComputedStyle(element)[style]), light(ground)];
            return (Math.max(...pair) + .05) / (Math.min(...pair) + .05);
        });
        return Math.min(...ratios);
        })"""
        + f"({selector!r}, {style!r})"
    )
    return ratio


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_are_readable(browser: Page, url: str, dark: bool) -> None:
    browser.open(url, dark=dark)
    shade = browser.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
    assert (int(shade) < 60) is dark
    for selector in ("p", "th", "td", "caption span", "small", "a", "summary", "figcaption", "dt", *LABELS):
        assert contrast(browser, selector) >= 4.5, selector
    assert contrast(browser, "svg.plot text:not([style*='--card'])", "fill") >= 4.5
    lines = "svg.plot g[class^=s] > path:not([clip-path=''])"
    assert contrast(browser, f"{lines}[style*='fill: none']", "stroke") >= 3


def test_keyboard_reaches_the_content_first_and_shows_where_it_is(browser: Page, url: str) -> None:
    browser.open(url, width=400)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.className") == "skip"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    browser.press("Enter")
    assert browser.evaluate("location.hash") == "#main"
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.matches('.scroll')"), (
        "a table that scrolls can be scrolled by keys"
    )
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def column(browser: Page, number: int) -> list[Any]:
    rows = "document.querySelectorAll('#otb2013-sequences-auc-table tbody tr')"
    texts: list[Any] = browser.evaluate(f"[...{rows}].map(row => row.cells[{number}].textContent.trim())")
    return texts


def test_tables_sort_and_say_so(browser: Page, url: str) -> None:
    browser.open(url)
    head = "document.querySelectorAll('#otb2013-sequences-auc-table thead th')"
    assert column(browser, 0) == ["Ant", "Bee", "Cat", "Dog"]
    browser.evaluate(f"{head}[1].querySelector('button').click()")
    numbers = [float(text) for text in column(browser, 1)]
    assert numbers == sorted(numbers, reverse=True)
    assert browser.evaluate(f"{head}[1].ariaSort") == "descending"
    browser.evaluate(f"{head}[1].querySelector('button').click()")
    assert [float(text) for text in column(browser, 1)] == numbers[::-1]
    assert browser.evaluate(f"{head}[1].ariaSort") == "ascending"
    browser.evaluate(f"{head}[0].querySelector('button').click()")
    assert column(browser, 0) == ["Ant", "Bee", "Cat", "Dog"]
    assert browser.evaluate(f"{head}[1].ariaSort") is None


def test_without_scripts_the_content_is_the_same(browser: Page, url: str) -> None:
    text = "document.querySelector('main').innerText.replaceAll(/[↕↑↓]/g, '')"
    browser.open(url)
    expected = browser.evaluate(text)
    browser.open(url, scripts=False)
    try:
        assert browser.evaluate("document.querySelectorAll('thead button').length") == 0
        assert browser.evaluate(text) == expected
    finally:
        browser.open(url)


def test_a_legend_s_entry_brings_its_line_out(browser: Page, url: str) -> None:
    browser.open(url)
    rules = "[...document.styleSheets[0].cssRules].map(rule => rule.selectorText || '')"
    assert browser.evaluate(f"{rules}.filter(text => text.includes(':hover) [class')).length") == 3


def test_pictures_enlarge_by_keyboard_and_lead_to_the_next(browser: Page, url: str) -> None:
    browser.open(url, width=1280)
    shown = "document.querySelector('dialog.viewer')"
    small = browser.evaluate("document.querySelector('#otb2013 .frame').getBoundingClientRect().width")
    browser.evaluate("document.querySelector('#otb2013 .frame').focus()")
    browser.press("Enter")
    assert browser.evaluate(f"{shown}.open")
    assert browser.evaluate(f"{shown}.querySelector('.frame').getBoundingClientRect().width") > 3 * small
    assert browser.evaluate(f"{shown}.querySelectorAll('polygon').length") > 0, "with its boxes"
    told = f"{shown}.querySelector('span').textContent"
    assert browser.evaluate(told).startswith("1 of 18: Dog, frame 1.")
    browser.press("ArrowRight")
    assert browser.evaluate(told).startswith("2 of 18: Dog, frame 9.")
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    assert browser.evaluate(told) == "18 of 18: Crops"
    browser.press("Escape")
    assert not browser.evaluate(f"{shown}.open")
    assert browser.evaluate("document.activeElement === document.querySelector('#otb2013 .frame')")


def test_heads_are_enlarged_with_their_picture(browser: Page, url: str) -> None:
    browser.open(url, width=400, dark=True)
    browser.evaluate("document.querySelector('#training .view').click()")
    heads = "document.querySelector('dialog.viewer').querySelectorAll('ol.columns li')"
    assert browser.evaluate(f"[...{heads}].map(head => head.textContent)") == ["left", "right"]
    box = browser.evaluate("document.querySelector('dialog.viewer').getBoundingClientRect().toJSON()")
    assert box["left"] >= 0
    assert box["right"] <= 400
    assert contrast(browser, ".viewer span") >= 4.5
    browser.press("Escape")


def test_a_link_saves_its_file(browser: Page, url: str) -> None:
    browser.open(url)
    links = "[...document.querySelectorAll('a[download]')]"
    names = browser.evaluate(f"{links}.map(link => link.download)")
    assert len(names) == len(set(names))
    tables = browser.evaluate("document.querySelectorAll('table').length") - 1  # that of digests
    plots = browser.evaluate("document.querySelectorAll('svg.plot').length")
    assert [sum(name.endswith(end) for name in names) for end in (".csv", ".tex", ".pdf", ".svg")] == [
        tables,
        tables,
        plots,
        plots,
    ]
    first = browser.evaluate(f"atob({links}[0].href.split(',')[1])")
    assert first.startswith('group,Tracker,"OTB-2013 *, protocol matlab, AUC"')
    browser.evaluate(f"{links}[0].click()")
    assert browser.messages == []


def test_attributes_of_many_trackers_fit(browser: Page, content: ReportContent, tmp_path: Path) -> None:
    document = content.scores["otb2013"]
    entry = document.trackers["still"]
    tags = dict.fromkeys(ATTRIBUTES, entry.attributes["IV"])
    many = {f"Tracker-{n}": replace(entry, attributes=dict(list(tags.items())[:14])) for n in range(12)}
    write_report(tmp_path / "a.html", ReportContent(scores={"lasot": replace(document, trackers=many)}))
    browser.open((tmp_path / "a.html").as_uri(), width=1280)
    box = "document.querySelector('#otb2013-attributes-table').parentElement"
    assert browser.evaluate(f"{box}.querySelectorAll('tbody td').length") == 12 * 14
    assert browser.evaluate(f"{box}.scrollWidth <= {box}.clientWidth")
