"""The tables of the page as plain rows; `macros.html` gives them their form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from training.benchmark.metric_table import METRICS, Metric
from training.benchmark.report.palette import Series
from training.benchmark.report.published import Published
from training.benchmark.report.reading import Scores
from training.benchmark.report.summary import mean_over, order

AUC, DP20 = METRICS["auc"], METRICS["dp20"]


@dataclass(frozen=True)
class Head:
    """A column's heading, `span` columns wide; `long` spells it out, `series` gives it a line style."""

    text: str
    long: str = ""
    span: int = 1
    note: str = ""
    series: Series | None = None


@dataclass(frozen=True)
class Cell:
    """A cell: its text, the number to sort by, a bar's length (0 to 1), whether it is set off, a remark."""

    text: str
    order: float | None = None
    bar: float | None = None
    best: bool = False
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its heading, perhaps with a tracker's line style and a remark, and its cells."""

    name: str
    cells: Sequence[Cell]
    series: Series | None = None
    remark: str = ""


@dataclass(frozen=True)
class Table:
    """A table with one or two rows of headings and groups of rows, each perhaps with a heading of its own."""

    key: str
    caption: str
    corner: str
    heads: Sequence[Sequence[Head]]
    groups: Sequence[tuple[str, Sequence[Row]]] = field(default_factory=list)
    sortable: bool = False


def overview(
    documents: Sequence[Scores],
    series: Mapping[str, Series],
    published: Sequence[Published],
    *,
    synthetic: bool,
) -> Table:
    """Every tracker on every benchmark, and below them what papers publish."""
    columns = [(document, metric) for document in documents for metric in _shown(document)]
    top = [
        Head(
            document.short_title + (" *" if document.partial else ""),
            span=len(_shown(document)),
            note=f"protocol {document.protocol}",
        )
        for document in documents
    ]
    heads = [Head(metric.short, metric.long) for _, metric in columns]
    passes = [document for document in documents if document.kind == "ope"]
    averaged = len(passes) > 1
    if averaged:
        top.append(Head("Mean", span=2, note=f"of {len(passes)} benchmarks"))
        heads += [Head(metric.short, metric.long) for metric in (AUC, DP20)]
    rows = []
    for name in sorted(series, key=lambda name: order(documents, name)):
        cells = [cell_of(metric, document.number(name, metric)) for document, metric in columns]
        if averaged:
            cells += [cell_of(metric, mean_over(passes, name, metric)) for metric in (AUC, DP20)]
        rows.append(tracker_row(series[name], cells))
    metrics = [metric for _, metric in columns] + [AUC, DP20] * averaged
    groups = [("", _mark_best(rows, metrics))]
    papers = []
    for entry in published:
        cells = [cell_of(m, entry.scores.get(d.name, {}).get(m.key), bar=False) for d, m in columns]
        if any(cell.order is not None for cell in cells):
            cells += [Cell("–")] * (2 * averaged)
            papers.append(Row(entry.tracker, cells, remark=entry.paper))
    if papers:
        groups.append((_published_title(documents, synthetic), papers))
    return Table("overview", "Trackers on all benchmarks", "Tracker", [top, heads], groups)


def benchmark_table(
    document: Scores,
    series: Mapping[str, Series],
    published: Sequence[Published],
    speeds: Mapping[str, float],
    *,
    synthetic: bool,
) -> Table:
    """All numbers of one benchmark."""
    metrics = document.metrics
    heads = [Head(metric.short, metric.long) for metric in metrics]
    counts = [
        key for key in ("sequences", "frames") if any(key in t.overall for t in document.trackers.values())
    ]
    heads += [Head(key.capitalize()) for key in counts]
    heads += [Head("Frames/s", "mean frames per second on the machine that tracked")] * bool(speeds)
    rows = []
    for name in document.ranked():
        overall = document.trackers[name].overall
        cells = [cell_of(metric, document.number(name, metric)) for metric in metrics]
        cells += [_count(overall.get(key)) for key in counts]
        cells += [_speed(speeds.get(name))] * bool(speeds)
        rows.append(tracker_row(series[name], cells))
    groups = [("", _mark_best(rows, metrics))]
    papers = []
    for entry in published:
        found = entry.scores.get(document.name)
        if found:
            cells = [cell_of(metric, found.get(metric.key), bar=False) for metric in metrics]
            papers.append(
                Row(entry.tracker, [*cells, *[Cell("–")] * (len(heads) - len(metrics))], remark=entry.paper)
            )
    if papers:
        groups.append((_published_title([document], synthetic), papers))
    caption = f"Scores on {document.title}, protocol {document.protocol}"
    return Table(f"{document.name}-scores", caption, "Tracker", [heads], groups, sortable=True)


def _published_title(documents: Sequence[Scores], synthetic: bool) -> str:
    rules = dict.fromkeys("vot2016" if document.kind == "vot" else "matlab" for document in documents)
    if synthetic:
        where = ", measured on the real benchmarks"
    elif any(document.partial for document in documents):
        where = ", measured on the whole benchmark"
    else:
        where = ""
    return f"Published{where} (protocol {', '.join(rules)})"


def parameter_tables(parameters: Mapping[str, Any]) -> list[Table]:
    """One table for each section; nested keys are joined by dots."""
    return [
        Table(
            f"parameters-{index}",
            f"Parameters: {section}",
            "Key",
            [[Head("Value")]],
            [("", [Row(key, [Cell(text)]) for key, text in _flat(content)])],
        )
        for index, (section, content) in enumerate(parameters.items())
    ]


def _flat(content: Any, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(content, Mapping) and content:
        return [
            pair
            for key, inner in content.items()
            for pair in _flat(inner, f"{prefix}.{key}" if prefix else str(key))
        ]
    if isinstance(content, list | tuple):
        content = ", ".join(map(str, content))
    return [(prefix or "value", str(content))]


def _shown(document: Scores) -> list[Metric]:
    """The few metrics of a benchmark that fit the overview."""
    return [metric for metric in document.metrics if "overview" in metric.shown]


def tracker_row(series: Series, cells: Sequence[Cell]) -> Row:
    """A tracker's row, with its line style and whether it was trained here or imported."""
    remark = "trained here" if series.trained else "imported results" if series.imported else ""
    return Row(series.label, cells, series=series, remark=remark)


def cell_of(metric: Metric, found: float | None, *, bar: bool = True) -> Cell:
    """The cell of a number, with a bar where more is better."""
    if found is None:
        return Cell("–")
    drawn = bar and not metric.lower_is_better
    return Cell(metric.text(found), found, min(max(found, 0.0), 1.0) if drawn else None)


def _count(found: Any) -> Cell:
    return Cell("–") if found is None else Cell(f"{int(found):,}", float(found))


def _speed(found: float | None) -> Cell:
    return (
        Cell("–") if found is None else Cell(f"{found:.3g}" if found < 100 else f"{found:,.0f}", float(found))
    )


def best_of(values: Iterable[float | None], metric: Metric) -> float | None:
    """The best of at least two numbers, or None."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    return min(known) if metric.lower_is_better else max(known)


def _mark_best(rows: Sequence[Row], metrics: Sequence[Metric]) -> list[Row]:
    """The rows with the best number of each metric's column marked (columns beyond the metrics are left)."""
    marked = [list(row.cells) for row in rows]
    for column, metric in enumerate(metrics):
        best = best_of([row.cells[column].order for row in rows], metric)
        for cells in marked:
            if best is not None and cells[column].order == best:
                cells[column] = replace(cells[column], best=True)
    return [replace(row, cells=cells) for row, cells in zip(rows, marked, strict=True)]
