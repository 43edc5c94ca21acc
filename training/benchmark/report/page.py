"""The page: content in, one self-contained HTML file out.

Everything is inside the file: styles, SVG plots, pictures as `data:` addresses. It asks nothing of a network,
needs no script for its content, and the same content gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from training.benchmark.report.ranking import mean_over
from training.benchmark.report.strips import Strip, prepare_strip
from training.benchmark.report.summary import partial_note
from training.benchmark.report.timelines import training_plots
from training.benchmark.scores.metric_table import METRICS
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
    plots: Sequence[Plot]
    table: tables.Table
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
    series = assign_series(
        (name for document in documents for name in document.trackers),
        leader=content.leader,
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
        leader=series.get(content.leader),
        incomplete=any(tracker.missing for document in documents for tracker in document.trackers.values()),
        series=list(series.values()),
        labels={name: line.label for name, line in series.items()},
        cards=_cards(documents, series, content.leader),
        overview=tables.overview(documents, series, content.published, synthetic=content.synthetic),
        references=[entry for entry in content.published if entry.scores.keys() & content.scores.keys()],
        margins=margins(documents, series, content.leader),
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
    return Section(
        scores=document,
        note=partial_note(document),
        plots=curve_figures(document, series),
        table=tables.benchmark_table(
            document,
            series,
            content.published,
            synthetic=content.synthetic,
        ),
        attribute_table=breakdowns.attribute_table(document, series),
        sequence_tables=breakdowns.sequence_tables(document, series),
        strips=[
            prepare_strip(strip, series, key=f"{document.name}-film-{index}")
            for index, strip in enumerate(films)
        ],
    )


def _cards(documents: Sequence[Scores], series: Mapping[str, Series], leader: str) -> list[Card]:
    """Headline numbers of the leader; without it there are none."""
    if leader not in series:
        return []
    name = series[leader].label
    passes = [document for document in documents if document.kind == "ope" and leader in document.trackers]
    cards = []
    if passes:
        over = passes[0].title if len(passes) == 1 else f"mean of {len(passes)} benchmarks"
        over += f", protocol {', '.join(dict.fromkeys(document.protocol for document in passes))}"
        auc, dp20 = METRICS["auc"], METRICS["dp20"]
        for metric, what in ((auc, "Success AUC"), (dp20, "Precision at 20 px")):
            cards.append(Card(what, metric.text(mean_over(passes, leader, metric)), f"{name}, {over}"))
        ours = mean_over(passes, leader, auc)
        means = {other: mean_over(passes, other, auc) for other in series if other != leader}
        known = {other: mean for other, mean in means.items() if mean is not None}
        if known and ours is not None:
            best = max(known, key=lambda other: (known[other], other))
            gap = f"{ours - known[best]:+.3f}".replace("-", "−")
            cards.append(Card("Lead in AUC", gap, f"over {series[best].label}, the best of the others"))
    for document in documents:
        if document.kind == "vot" and leader in document.trackers:
            number = document.headline.text(document.number(leader, document.headline))
            detail = f"{name}, {document.title}, protocol {document.protocol}"
            cards.append(Card("Expected average overlap", number, detail))
    return cards


def _figures(pictures: Sequence[Picture]) -> list[tuple[Embedded, Picture]]:
    return [(embed(picture.image), picture) for picture in pictures]
