"""The page: content in, one self-contained HTML file out.

Everything is inside the file: styles, SVG plots, pictures as `data:` addresses. It asks nothing of a network,
needs no script for its content, and the same content gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from curation.files import write_bytes
from training.benchmark.report import breakdowns, tables
from training.benchmark.report.content import Picture, ReportContent
from training.benchmark.report.figures import Plot, curve_figures
from training.benchmark.report.margins import margins
from training.benchmark.report.palette import Series, assign_series
from training.benchmark.report.pictures import Embedded, address, embed
from training.benchmark.report.ranking import leader
from training.benchmark.report.shared import shared_tables
from training.benchmark.report.strips import Strip, prepare_strip
from training.benchmark.report.summary import partial_note
from training.benchmark.report.timelines import training_plots
from training.benchmark.scores.score_document import Scores

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Card:
    """A headline number: what it is, the number, and a sentence below."""

    name: str
    value: str
    detail: str


@dataclass(frozen=True)
class Section:
    """All that the page shows of one benchmark."""

    scores: Scores
    note: str
    best: Series
    plots: Sequence[Plot]
    table: tables.Table
    shared: Sequence[tables.Table]
    attribute_table: tables.Table | None
    sequence_tables: Sequence[tables.Table]
    strips: Sequence[Strip]


def write_report(out: Path, content: ReportContent) -> None:
    """Write the page.

    Parameters
    ----------
    out : Path
        The HTML file, written whole or not at all.
    content : ReportContent
        Sections without content are left out.

    Raises
    ------
    InputError
        If a score document is damaged, a picture cannot be read, or `out` cannot be written.
    """
    write_bytes(out, render(content).encode())


def render(content: ReportContent) -> str:
    """The page as text; see `write_report`."""
    documents = list(content.scores.values())
    best = leader(documents)
    series = assign_series(
        (name for document in documents for name in document.trackers),
        leader=best,
        labels=content.labels,
        imported=content.imported,
    )
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.html").render(
        title=content.title,
        synthetic=content.synthetic,
        leader=series.get(best),
        machine=content.speeds.machine if content.speeds.times else "",
        incomplete=any(tracker.missing for document in documents for tracker in document.trackers.values()),
        series=list(series.values()),
        labels={name: line.label for name, line in series.items()},
        cards=[_card(document, series) for document in documents],
        overview=tables.overview(
            documents, series, content.published, synthetic=content.synthetic, speeds=content.speeds
        ),
        references=[entry for entry in content.published if entry.scores.keys() & content.scores.keys()],
        margins=margins(documents, series, best),
        sections=[_section(document, series, content) for document in documents],
        training_plots=training_plots(content.curves),
        epochs=len(content.curves),
        training_pictures=_figures(content.training_pictures),
        parts=tables.parts_table(content.parts) if content.parts else None,
        quality=_figures(content.quality),
        pipeline=address("image/svg+xml", content.pipeline.read_bytes()) if content.pipeline else None,
        parameters=escape(content.parameters).replace(
            "\n", Markup("&#10;")
        ),  # one line: it keeps its indents
        digests=content.digests,
        styles=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
    )
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def _section(document: Scores, series: Mapping[str, Series], content: ReportContent) -> Section:
    films = [strip for strip in content.filmstrips if strip.benchmark == document.name]
    series = {name: replace(line, leader=name == document.best) for name, line in series.items()}
    return Section(
        scores=document,
        note=partial_note(document),
        best=series[document.best],
        plots=curve_figures(document, series),
        table=tables.benchmark_table(
            document,
            series,
            content.published,
            synthetic=content.synthetic,
            speeds=content.speeds,
        ),
        shared=shared_tables(document, series),
        attribute_table=breakdowns.attribute_table(document, series),
        sequence_tables=breakdowns.sequence_tables(document, series),
        strips=[
            prepare_strip(strip, series, key=f"{document.name}-film-{index}")
            for index, strip in enumerate(films)
        ],
    )


def _card(document: Scores, series: Mapping[str, Series]) -> Card:
    """The best tracker of a benchmark, and its number."""
    metric, best = document.headline, document.best
    detail = f"{metric.name} of {series[best].label}, protocol {document.protocol}"
    return Card(document.title, metric.text(document.number(best, metric)), detail)


def _figures(pictures: Sequence[Picture]) -> list[tuple[Embedded, Picture]]:
    return [(embed(picture.image), picture) for picture in pictures]
