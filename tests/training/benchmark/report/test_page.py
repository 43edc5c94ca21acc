from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import html

from curation.errors import InputError
from curation.files import write_json
from tests.training.benchmark.report.conftest import DRIFT, drifted
from tests.training.benchmark.scored import scored
from training.benchmark.report.content import Picture, ReportContent
from training.benchmark.report.filmstrips import choose_filmstrips
from training.benchmark.report.page import render, write_report
from training.benchmark.results.result_reader import read_results
from training.benchmark.score import score_benchmark
from training.benchmark.scores.score_document import Numbers, Scores, TrackerScores
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.trajectory import Trajectory, write_anchored

SECTIONS = ["overview", "otb2013", "vot2016", "training", "data", "pipeline", "provenance"]


@pytest.fixture(scope="session")
def text(content: ReportContent) -> str:
    return render(content)


@pytest.fixture(scope="session")
def slim(content: ReportContent) -> ReportContent:
    """The same with few plots, to be quick."""
    scores = {
        name: replace(one, trackers={t: _without_curves(entry) for t, entry in one.trackers.items()})
        for name, one in content.scores.items()
    }
    return replace(content, scores=scores, filmstrips=())


def _without_curves(entry: TrackerScores) -> TrackerScores:
    values = {key: found for key, found in entry.overall.values.items() if key != "reliability"}
    return TrackerScores(overall=Numbers(values=values), missing=entry.missing)


@pytest.fixture
def page(text: str) -> html.HtmlElement:
    return html.fromstring(text)


def sections(page: html.HtmlElement) -> list[str]:
    return [section.get("id") for section in page.iter("section")]


def by_class(element: html.HtmlElement, name: str) -> list[html.HtmlElement]:
    """Elements with a class, inside another one."""
    found: list[html.HtmlElement] = element.xpath(f".//*[contains(concat(' ', @class, ' '), ' {name} ')]")
    return found


def section(page: html.HtmlElement, name: str) -> html.HtmlElement:
    return page.get_element_by_id(name)


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_every_section_in_order_with_its_link(page: html.HtmlElement) -> None:
    assert sections(page) == SECTIONS
    assert page.xpath("//nav//a/@href") == [f"#{name}" for name in SECTIONS]


def test_same_content_same_bytes(tmp_path: Path, content: ReportContent, text: str) -> None:
    write_report(tmp_path / "new" / "index.html", content)
    assert (tmp_path / "new" / "index.html").read_text(encoding="utf-8") == text
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["index.html"]


def test_identifiers_are_unique_and_references_lead_somewhere(page: html.HtmlElement) -> None:
    names = page.xpath("//@id")
    assert len(names) == len(set(names))
    wanted = set(page.xpath("//@aria-labelledby"))
    wanted |= {link[1:] for link in page.xpath("//a[not(@download)]/@href | //*[name()='use']/@href")}
    for value in page.xpath("//@clip-path | //@marker-end"):
        wanted.update(re.findall(r"#([\w.-]+)", value))
    assert wanted
    assert wanted <= set(names)


def test_nothing_comes_from_elsewhere(page: html.HtmlElement, text: str) -> None:
    sources = page.xpath("//@src | //link/@href")
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"@import|url\((?!#)", text)
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_pictures_are_told_in_words(page: html.HtmlElement) -> None:
    pictures = page.xpath("//img")
    assert len(pictures) == 4 * 4 + 3
    assert all(picture.get("alt") for picture in pictures)
    assert all(picture.get("width") and picture.get("height") for picture in pictures[:-1])
    for drawing in page.xpath("//*[name()='svg']"):
        told = drawing.get("role") == "img" and drawing.get("aria-label")
        assert told or drawing.get("aria-hidden") == "true"


def test_headings_descend_by_one(page: html.HtmlElement) -> None:
    levels = [int(heading.tag[1]) for heading in page.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_tables_have_captions_and_scopes(page: html.HtmlElement) -> None:
    tables = page.xpath("//table")
    assert len(tables) >= 9
    for table in tables:
        assert words(table.find("caption"))
        assert all(heading.get("scope") for heading in table.iter("th"))
        assert table.getparent().get("tabindex") == "0"
        columns = sum(int(c.get("colspan", 1)) for c in table.find("thead")[0])
        for row in table.xpath(".//tbody/tr"):
            assert sum(int(c.get("colspan", 1)) for c in row) == columns


def test_numbers_stand_with_their_protocol(page: html.HtmlElement, scores: dict[str, Scores]) -> None:
    for name, document in scores.items():
        part = section(page, name)
        assert f"protocol {document.protocol}" in words(part.find("h2"))
        for table in part.iter("table"):
            assert f"protocol {document.protocol}" in words(table.find("caption"))
    auc = scores["otb2013"].trackers["siamese"].overall.values["auc"]
    first = by_class(section(page, "otb2013"), "legend")[0][0]
    assert words(first) == f"Siamese network {auc:.3f}"


def test_partial_is_told_by_name(page: html.HtmlElement) -> None:
    part = section(page, "otb2013")
    assert "partial" in words(part.find("h2"))
    assert "1 sequences are not here (Elk)" in words(part)
    assert "partial" not in words(section(page, "vot2016").find("h2"))


def test_built_in_sequences_are_said_to_be_so(slim: ReportContent) -> None:
    assert "built-in dataset" in render(slim)
    assert "built-in dataset" not in render(replace(slim, synthetic=False))


def test_films_show_worst_and_best_with_boxes(page: html.HtmlElement) -> None:
    films = list(section(page, "otb2013").iter("article"))
    assert [words(film.find("h4")) for film in films] == ["worst Dog SV", "best Ant IV"]
    assert all(len(list(film.iter("img"))) == 4 for film in films)
    shapes = by_class(films[0], "frame")[0].xpath(".//*[name()='polygon']/@class")
    assert shapes == ["halo", "truth", "halo", "s2", "halo", "s1", "halo", "s0"]


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"curves": (), "training_pictures": (), "parts": {}}, "training"),
        ({"quality": ()}, "data"),
        ({"pipeline": None}, "pipeline"),
        ({"parameters": "", "digests": {}}, "provenance"),
    ],
)
def test_a_section_without_content_is_left_out(
    content: ReportContent, change: dict[str, Any], gone: str
) -> None:
    page = html.fromstring(render(replace(content, **change)))
    assert sections(page) == [name for name in SECTIONS if name != gone]
    assert f"#{gone}" not in page.xpath("//nav//@href")


def test_what_each_part_gave_to_training(content: ReportContent) -> None:
    (table,) = section(html.fromstring(render(content)), "training").xpath(".//table[@id='parts-table']")
    rows = [[words(cell).strip() for cell in row] for row in table.xpath(".//tbody/tr")]
    assert rows == [["a", "3,000", "75.0%", "12"], ["mine", "1,000", "25.0%", "1"]]


def test_half_of_a_section(slim: ReportContent) -> None:
    page = html.fromstring(render(replace(slim, curves=(), digests={})))
    assert sections(page) == SECTIONS
    assert not by_class(section(page, "training"), "plots")
    assert "What made this page" not in words(page)


@pytest.mark.parametrize("name", ["otb2013", "vot2016"])
def test_one_benchmark_one_tracker_and_nothing_else(scores: dict[str, Scores], name: str) -> None:
    document = scores[name]
    alone = replace(document, trackers={"KCF": document.trackers["still"]})
    page = html.fromstring(render(ReportContent(scores={name: alone})))
    assert sections(page) == ["overview", name]
    assert words(by_class(page, "cards")[0]).startswith(document.title)
    assert "Lead of" not in words(page)
    assert "KCF" in words(page)


def test_scores_without_curves_and_breakdowns() -> None:
    document = scored("tc128", trackers={"siamese": {"auc": 0.5}})
    page = html.fromstring(render(ReportContent(scores={"tc128": document})))
    assert sections(page) == ["overview", "tc128"]
    assert not list(page.iter("figure"))


def test_sequences_of_one_frame() -> None:
    overall = {"eao": None, "accuracy": 0.0, "eao_curve": [1.0], "interval": [108, 371]}
    document = scored("vot2016", kind="vot", trackers={"siamese": overall})
    page = html.fromstring(render(ReportContent(scores={"vot2016": document})))
    assert sections(page) == ["overview", "vot2016"]


def test_runs_without_restarts_alone() -> None:
    free = Numbers(values={"ao": 0.25})
    entry = TrackerScores(overall=Numbers(values={"frames": 9}, rules={"rule": "vot2016"}), free=(free, {}))
    document = scored("vot2016", kind="vot", trackers={"siamese": entry})
    page = html.fromstring(render(ReportContent(scores={"vot2016": document})))
    assert "0.250" in words(page)


def test_no_scores_at_all() -> None:
    page = html.fromstring(render(ReportContent(scores={}, digests={"a": "b"})))
    assert sections(page) == ["provenance"]


def test_names_from_data_are_text_and_no_markup(content: ReportContent, scores: dict[str, Scores]) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    trackers = scores["otb2013"].trackers
    entry = trackers["still"]
    cursed = replace(
        entry,
        sequences={evil: entry.sequences["Ant"]},
        attributes={evil: entry.attributes["IV"]},
        missing=(evil,),
        notes=(evil,),
    )
    document = replace(
        scores["otb2013"],
        title=evil,
        protocol=evil,
        missing=(evil,),
        trackers={evil: cursed, "siamese": trackers["siamese"]},
    )
    film = replace(content.filmstrips[0], sequence=evil, why=evil, note=evil)
    page = html.fromstring(
        render(
            ReportContent(
                scores={"otb2013": document},
                title=evil,
                labels={"siamese": evil},
                filmstrips=[film],
                quality=[replace(content.quality[0], alt=evil, caption=evil, columns=[evil])],
                parameters=evil,
                digests={evil: evil},
            )
        )
    )
    assert not page.xpath("//img[@src='x']")
    assert not page.xpath("//@onerror")
    assert words(page.find(".//h1")) == evil
    assert len(page.xpath("//script")) == 1
    assert evil in page.xpath("//img/@alt")


def test_a_tracker_s_remarks_are_shown(slim: ReportContent) -> None:
    document = slim.scores["otb2013"]
    noted = replace(document.trackers["still"], notes=("Ant: 2 rows of NaN",))
    document = replace(document, trackers={**document.trackers, "still": noted})
    content = ReportContent(scores={"otb2013": document}, labels={"still": "Still box"})
    (remarks,) = (d for d in html.fromstring(render(content)).iter("details") if "Remarks" in words(d))
    assert words(remarks) == "Remarks on the results of Still box Ant: 2 rows of NaN"


def test_a_multistart_benchmark_has_its_own_heads_and_no_empty_section(root: Path, tmp_path: Path) -> None:
    listing = json.loads((root / "vot2016.json").read_text())
    header = {"benchmark": "mine", "title": "Mine", "protocol": "multistart", "eao_interval": [8, 20]}
    write_json(tmp_path / "mine.json", {**listing, **header, "attributes": []})
    bench = load_benchmark(str(tmp_path / "mine.json"), [root])
    for tracker, speed in DRIFT.items():
        for sequence in bench.sequences:
            x, y = sequence.annotation[:, ::2], sequence.annotation[:, 1::2]
            boxes = np.stack([x.min(1), y.min(1), np.ptp(x, 1), np.ptp(y, 1)], axis=1)
            runs = {
                anchor.frame: Trajectory.from_boxes(drifted(boxes[anchor.rows(len(boxes))], speed))
                for anchor in bench[sequence.name].anchors
            }
            write_anchored(tmp_path / "results" / tracker, sequence.name, runs)
    scores = score_benchmark(bench, tmp_path / "results")
    results = {name: read_results(tmp_path / "results", name, bench) for name in DRIFT}
    films = choose_filmstrips(bench, results, leader=scores.best, worst=1, best=1, frames=4)
    page = html.fromstring(render(ReportContent(scores={"mine": scores}, filmstrips=films)))
    assert [words(head) for head in page.iter("h2")] == ["Overview", "Mine protocol multistart"]
    assert [words(head) for head in section(page, "mine").iter("h3")] == [
        "Expected overlap EAO",
        "Worst and best sequences of siamese",
    ]
    heads = [words(head).rstrip(" \u2195") for head in section(page, "mine").find(".//thead").iter("th")]
    assert heads == ["Tracker", "EAO", "A", "R", "Sequences", "Frames"]
    for table in page.iter("table"):
        assert table.xpath(".//tbody//td[normalize-space()]")
    best = section(page, "overview").find(".//tbody/tr")
    assert "siamese" in words(best)


def test_sixty_trackers_fit(scores: dict[str, Scores]) -> None:
    entry = scores["otb2013"].trackers["still"]
    document = replace(scores["otb2013"], trackers={f"t{n:02}": entry for n in range(60)})
    page = html.fromstring(render(ReportContent(scores={"otb2013": document})))
    assert len(section(page, "overview").find(".//tbody")) == 60


def test_bad_content_is_one_line(tmp_path: Path, slim: ReportContent) -> None:
    missing = Picture(image=tmp_path / "gone.jpg", alt="x")
    out = tmp_path / "index.html"
    with pytest.raises(InputError, match=r"gone\.jpg is missing"):
        write_report(out, replace(slim, quality=[missing]))
    assert not out.exists()


def test_training_s_curves_are_all_there(page: html.HtmlElement) -> None:
    plots = by_class(section(page, "training"), "plot")
    assert [plot.get("aria-label") for plot in plots] == [
        "Loss over 3 epochs: training from 1 to 0.3333, validation from 1.2 to 0.4",
        "Centre error over 3 epochs: validation from 9 to 3",
        "Learning rate over 3 epochs: learning rate from 0.1 to 0.001",
    ]


def test_parameters_keep_their_indents(page: html.HtmlElement) -> None:
    assert section(page, "provenance").find(".//pre").text == "train:\n  seed: 1 # of everything\n"


def test_a_training_picture_s_columns_have_heads(page: html.HtmlElement) -> None:
    (heads,) = by_class(section(page, "training"), "columns")
    assert [words(head) for head in heads] == ["left", "right"]


def test_a_report_of_normal_size_is_small(text: str) -> None:
    assert len(text.encode()) < 1_200_000
