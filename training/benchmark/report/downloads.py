"""Tables and plots as files that go into a paper: CSV and LaTeX, PDF and SVG.

They are inside the page, as links that save them; `export` writes them all into a folder.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from training.benchmark.report.tables import Cell, Head, Table

KINDS = {"CSV": "text/csv", "LaTeX": "application/x-tex", "PDF": "application/pdf", "SVG": "image/svg+xml"}
ENDINGS = {"LaTeX": "tex"}

FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9.-]*"
"""Form of a file's name."""


@dataclass(frozen=True)
class Download:
    """A file of the page: its kind, one of `KINDS`, and its name."""

    kind: str
    key: str
    content: bytes

    @property
    def name(self) -> str:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", self.key).strip("-") or "file"
        return f"{plain}.{ENDINGS.get(self.kind, self.kind.lower())}"

    @property
    def address(self) -> str:
        return address(KINDS[self.kind], self.content)


def address(mime: str, data: bytes) -> str:
    """A file as a `data:` address."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def table_files(table: Table) -> list[Download]:
    """A table as CSV and as LaTeX."""
    files = (("CSV", to_csv(table)), ("LaTeX", to_latex(table)))
    return [Download(kind, table.key, text.encode()) for kind, text in files]


def to_csv(table: Table) -> str:
    """The table for programs: a line a row, numbers with all their digits, nothing where there is no number.

    The first two columns are the group (empty, published, not ranked) and the name. The ends of intervals and what
    else stands below numbers (of how many sequences they are) have columns of their own, where there are any.
    """
    rows = [(group, row) for group, found in table.groups for row in found]
    columns: list[list[object]] = [
        ["group", *(g for g, _ in rows)],
        [table.corner, *(r.name for _, r in rows)],
    ]
    for place, name in enumerate(_columns(table)):
        cells = [row.cells[place] for _, row in rows]
        columns.append([name, *("" if cell.order is None else cell.order for cell in cells)])
        if any(cell.interval for cell in cells):
            for end, side in enumerate(("low", "high")):
                columns.append([f"{name}, {side}", *(c.interval[end] if c.interval else "" for c in cells)])
        if any(cell.note for cell in cells):
            columns.append([f"{name}, note", *(cell.note for cell in cells)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    return text.getvalue()


def _columns(table: Table) -> list[str]:
    """A name for each column, made of all heads above it."""
    layers = [[head for head in heads for _ in range(head.span)] for heads in table.heads]
    width = max(map(len, layers))
    padded = [[*layer, *[Head("")] * (width - len(layer))] for layer in layers]
    return [
        ", ".join(word for head in column for word in (head.text, head.note) if word)
        for column in zip(*padded, strict=True)
    ]


def to_latex(table: Table) -> str:
    """The table for a paper: a `table` environment that needs the package booktabs alone, as numbers are rounded there.

    The best number is bold, as on the page.
    """
    width = sum(head.span for head in table.heads[0])
    lines = [
        "% \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{escaped(table.caption)}}}",
        f"\\label{{tab:{Download('LaTeX', table.key, b'').name.removesuffix('.tex')}}}",
        f"\\begin{{tabular}}{{l{'r' * width}}}",
        "\\toprule",
    ]
    for place, heads in enumerate(table.heads):
        lines += _latex_heads(heads, "" if place else table.corner)
    for group, rows in table.groups:
        lines.append("\\midrule")
        lines += [f"\\multicolumn{{{width + 1}}}{{l}}{{\\emph{{{escaped(group)}}}}} \\\\"] * bool(group)
        lines += [" & ".join([escaped(row.name), *map(_latex_cell, row.cells)]) + " \\\\" for row in rows]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}", ""])


def _latex_heads(heads: Sequence[Head], corner: str) -> list[str]:
    cells, rules, notes, at = [escaped(corner)], [], [""], 2
    for head in heads:
        align = "c" if head.span > 1 else "r"
        cells.append(f"\\multicolumn{{{head.span}}}{{{align}}}{{{escaped(head.text)}}}")
        notes.append(f"\\multicolumn{{{head.span}}}{{{align}}}{{\\scriptsize {escaped(head.note)}}}")
        rules += [f"\\cmidrule(lr){{{at}-{at + head.span - 1}}}"] * (head.span > 1)
        at += head.span
    noted = any(head.note for head in heads)
    return [" & ".join(row) + " \\\\" for row in (cells, notes)[: 1 + noted]] + ["".join(rules)] * bool(rules)


def _latex_cell(cell: Cell) -> str:
    text = escaped(cell.text)
    text = f"\\textbf{{{text}}}" if cell.best else text
    return text + (f" {{\\scriptsize ({escaped(cell.remark)})}}" if cell.remark else "")


_SIGNS = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "''",
    "−": "$-$",
    "–": "--",
    "±": "$\\pm$",
    "…": "\\ldots{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: f"{{{sign}}}" for sign in "[]*"},  # after a line's end these would be read as its options
}


def escaped(text: str) -> str:
    """Text as LaTeX prints it; a letter beyond Latin-1, which its usual fonts lack, as its number (`U+4E2D`)."""
    return "".join(_SIGNS.get(sign) or (sign if ord(sign) < 0x100 else f"U+{ord(sign):04X}") for sign in text)
