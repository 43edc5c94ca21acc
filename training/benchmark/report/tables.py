"""Tables of scores as plain rows: `macros.html` gives them their form on the page, `text` in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from training.benchmark.report.palette import Series
from training.benchmark.report.published import Published
from training.benchmark.report.ranking import compete, mean_over, order
from training.benchmark.report.speeds import NO_SPEEDS, Speeds, rate_text
from training.benchmark.scores.metric_table import METRICS, Metric
from training.benchmark.scores.score_document import Scores

COUNTS = (
    Metric("sequences", "ope", "Sequences", "", digits=0),
    Metric("frames", "ope", "Frames", "", digits=0),
)
"""What numbers are of: shown beside them, never compared."""

RATE = Metric("frames_per_second", "ope", "Frames/s", "frames per second", digits=0)
APART = "Not ranked: parts of the sequences"
"""Heading of trackers that lack sequences everywhere; `shared` compares them with the others."""


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
    """A cell: its text, the number to sort by, a bar's length (0 to 1), whether it is set off, a note, an interval.

    A number that does not `compete` is of fewer sequences than others', and never the best.
    """

    text: str
    order: float | None = None
    bar: float | None = None
    best: bool = False
    note: str = ""
    competes: bool = True
    interval: tuple[float, float] | None = None

    @property
    def remark(self) -> str:
        """What stands below it: the interval and the note."""
        ends = " to ".join(map(signed, self.interval)) if self.interval else ""
        return ", ".join(filter(None, [ends, self.note]))


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


def parts_table(parts: Mapping[str, Mapping[str, float]]) -> Table:
    """What each part of the dataset gave to training."""
    rows = [
        Row(
            part,
            [
                Cell(f"{given['pairs']:,}"),
                Cell(f"{given['share']:.1%}", bar=given["share"]),
                Cell(f"{given['videos']:,}"),
            ],
        )
        for part, given in parts.items()
    ]
    heads = [[Head("Pairs"), Head("Share"), Head("Videos")]]
    return Table("parts", "What training drew from each part of the dataset", "Part", heads, [("", rows)])


@dataclass(frozen=True)
class Column:
    """A metric of one benchmark, or its mean over several; `first` of its benchmark's columns; of `RATE`, speeds."""

    metric: Metric
    documents: Sequence[Scores]
    first: bool = False
    speeds: Speeds = NO_SPEEDS

    @property
    def head(self) -> Head:
        return Head(self.metric.short, self.metric.long)

    def cell(self, name: str) -> Cell:
        """A tracker's number; the first column says how many sequences it is of, where that is not all."""
        if self.metric is RATE:
            rate = self.speeds.rate(name, [document.name for document in self.documents])
            return Cell(rate_text(rate), rate, competes=False)
        if len(self.documents) > 1:
            return cell_of(self.metric, mean_over(self.documents, name, self.metric))
        (document,) = self.documents
        found = cell_of(self.metric, document.number(name, self.metric))
        note = document.share(name) if self.first else ""
        return replace(found, competes=document.whole(name), note=note)

    def paper(self, entry: Published) -> Cell:
        """A paper's number; none for the mean of several benchmarks."""
        numbers = entry.scores.get(self.documents[0].name, {}) if len(self.documents) == 1 else {}
        return cell_of(self.metric, numbers.get(self.metric.key), bar=False)


def columns_of(document: Scores, metrics: Sequence[Metric]) -> list[Column]:
    """Those metrics of one benchmark."""
    return [Column(metric, [document], first=index == 0) for index, metric in enumerate(metrics)]


def _rates(documents: Sequence[Scores], speeds: Speeds) -> list[Column]:
    """A column of frames per second, where any was measured."""
    known = any(document.name in speeds.times for document in documents)
    return [Column(RATE, documents, speeds=speeds)] * known


def overview(
    documents: Sequence[Scores],
    series: Mapping[str, Series],
    published: Sequence[Published],
    *,
    synthetic: bool,
    speeds: Speeds = NO_SPEEDS,
) -> Table:
    """Every tracker on every benchmark, and below them what papers publish."""
    columns, top = [], []
    for document in documents:
        mine = columns_of(document, document.metrics("overview"))
        columns += mine
        title = document.title + (" *" if document.partial else "")
        top.append(Head(title, span=len(mine), note=f"protocol {document.protocol}"))
    passes = [document for document in documents if document.kind == "ope"]
    if len(passes) > 1:
        columns += [Column(METRICS[key], passes) for key in ("auc", "dp20")]
        top.append(Head("Mean", span=2, note=f"of {len(passes)} benchmarks"))
    if rates := _rates(documents, speeds):
        columns += rates
        top.append(Head("Speed"))
    names = sorted(series, key=lambda name: order(documents, name))
    groups = _groups(columns, [series[name] for name in names], published, documents, synthetic=synthetic)
    heads = [top, [column.head for column in columns]]
    return Table("overview", "Trackers on all benchmarks", "Tracker", heads, groups)


def benchmark_table(
    document: Scores,
    series: Mapping[str, Series],
    published: Sequence[Published] = (),
    *,
    synthetic: bool = False,
    metrics: Sequence[Metric] | None = None,
    speeds: Speeds = NO_SPEEDS,
) -> Table:
    """All numbers of one benchmark, or some."""
    columns = columns_of(document, [*(document.metrics() if metrics is None else metrics), *COUNTS])
    columns += _rates([document], speeds)
    ranked = [series[name] for name in document.ranked()]
    groups = _groups(columns, ranked, published, [document], synthetic=synthetic)
    caption = f"Scores on {document.title}, protocol {document.protocol}"
    heads = [[column.head for column in columns]]
    return Table(f"{document.name}-scores", caption, "Tracker", heads, groups, sortable=True)


def _groups(
    columns: Sequence[Column],
    trackers: Sequence[Series],
    published: Sequence[Published],
    documents: Sequence[Scores],
    *,
    synthetic: bool,
) -> list[tuple[str, list[Row]]]:
    """Rows of trackers with the best numbers marked, those that are not ranked, then those of papers that have any."""
    filled = [mark_best([column.cell(line.name) for line in trackers], column.metric) for column in columns]
    rows = [tracker_row(line, cells) for line, *cells in zip(trackers, *filled, strict=True)]
    groups = ranked_groups(documents, [line.name for line in trackers], rows)
    papers = [
        Row(entry.tracker, [column.paper(entry) for column in columns], remark=entry.paper)
        for entry in published
    ]
    papers = [row for row in papers if any(cell.order is not None for cell in row.cells)]
    return [*groups, *([(_published_title(documents, synthetic), papers)] if papers else [])]


def ranked_groups(
    documents: Sequence[Scores], names: Sequence[str], rows: Sequence[Row]
) -> list[tuple[str, list[Row]]]:
    """Rows of trackers, those that are not ranked apart."""
    ranked = [compete(documents, name) for name in names]
    return [
        (title, found)
        for title, wanted in (("", True), (APART, False))
        if (found := [row for row, whole in zip(rows, ranked, strict=True) if whole is wanted])
    ]


def _published_title(documents: Sequence[Scores], synthetic: bool) -> str:
    rules = dict.fromkeys("vot2016" if document.kind == "vot" else "matlab" for document in documents)
    if synthetic:
        where = ", measured on the real benchmarks"
    elif any(document.partial for document in documents):
        where = ", measured on the whole benchmark"
    else:
        where = ""
    return f"Published{where} (protocol {', '.join(rules)})"


def tracker_row(series: Series, cells: Sequence[Cell]) -> Row:
    """A tracker's row, with its line style; imported ones are called so."""
    return Row(series.label, cells, series=series, remark="imported results" * series.imported)


def cell_of(metric: Metric, found: float | None, *, bar: bool = True) -> Cell:
    """The cell of a number, with a bar where more is better."""
    if found is None:
        return Cell("–")
    drawn = bar and not metric.lower_is_better and metric not in COUNTS
    return Cell(metric.text(found), found, min(max(found, 0.0), 1.0) if drawn else None)


def signed(number: float) -> str:
    """A difference as tables show it."""
    return f"{number:+.3f}".replace("-", "−")


def mark_best(cells: Iterable[Cell], metric: Metric) -> list[Cell]:
    """Cells of one column (or row) with the best number marked, if there are at least two to compare."""
    cells = list(cells)
    known = [cell.order for cell in cells if cell.competes and cell.order is not None]
    if len(known) < 2 or metric in COUNTS:
        return cells
    best = min(known) if metric.lower_is_better else max(known)
    return [replace(cell, best=cell.competes and cell.order == best) for cell in cells]


def text(table: Table, *, notes: bool = True) -> str:
    """The table for a terminal, aligned: the numbers of one benchmark share a column; no line styles or bars.

    `notes`: with what stands below heads, and in brackets what stands below cells on the page; without, a star
    marks a number of fewer sequences.
    """
    spans = [head.span for head in table.heads[0]]

    def joined(words: Iterable[str]) -> list[str]:
        left = iter(words)
        groups = [[next(left) for _ in range(span)] for span in spans]
        return ["–" if set(group) == {"–"} else " / ".join(group) for group in groups]

    rows = [[table.corner, *(head.text for head in table.heads[0])]]
    if notes and any(head.note for head in table.heads[0]):
        rows.append(["", *(head.note for head in table.heads[0])])
    rows += [["", *joined(head.text for head in heads)] for heads in table.heads[1:]]
    rule = len(rows)
    for title, group in table.groups:
        rows += [[title]] * bool(title)
        for row in group:
            cells = [cell.text + _remark(cell, notes) for cell in row.cells]
            rows.append([row.name, *joined(cells)])
    return aligned(rows, rule_after=rule)


def _remark(cell: Cell, notes: bool) -> str:
    if not cell.remark:
        return ""
    return f" ({cell.remark})" if notes else "" if cell.competes else "*"


def aligned(rows: Sequence[Sequence[str]], *, rule_after: int) -> str:
    """Rows of cells as text in columns, the first to the left, with a line under the first `rule_after`.

    A row of one cell is a heading across all columns.
    """
    widths = [max(map(len, column)) for column in zip(*(row for row in rows if len(row) > 1), strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        )
        for row in rows
    ]
    lines.insert(rule_after, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(line.rstrip() for line in lines)
