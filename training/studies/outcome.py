"""The outcome of a study: means and spreads over seeds, a Markdown table, a plot."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.documents.document import Fields
from curation.files import write_bytes


@dataclass(frozen=True)
class Measure:
    """A number by which forms are compared: its key, its name, its digits in tables."""

    key: str
    name: str
    digits: int = 3
    less_is_better: bool = False

    @property
    def axis(self) -> str:
        """The label of its axis."""
        return f"{self.name}, less is better" if self.less_is_better else self.name

    def cell(self, summary: Mapping[str, Any]) -> str:
        """`mean ± spread` of a summary; empty where it was not taken."""
        mean, spread = summary[f"{self.key}_mean"], summary[f"{self.key}_spread"]
        return "" if mean is None else f"{mean:.{self.digits}f} ± {spread:.{self.digits}f}"


def summarise(rows: Iterable[Fields], form: Sequence[str], measures: Iterable[Measure]) -> list[Fields]:
    """One row for each form, in the order given: its keys, means and spreads over its runs.

    `<measure>_spread` is the standard deviation of the sample, 0 for one run. It and `<measure>_mean` are None where
    the measure was not taken.
    """
    forms: dict[tuple[Any, ...], list[Fields]] = {}
    for row in rows:
        forms.setdefault(tuple(row[key] for key in form), []).append(row)
    summaries: list[Fields] = []
    for values, runs in forms.items():
        summary = dict(zip(form, values, strict=True))
        for measure in measures:
            found = [run[measure.key] for run in runs if run[measure.key] is not None]
            summary[f"{measure.key}_mean"] = statistics.fmean(found) if found else None
            summary[f"{measure.key}_spread"] = sample_deviation(found) if found else None
        summaries.append(summary)
    return summaries


def sample_deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample; 0 for one value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def markdown(*rows: Sequence[str]) -> str:
    """A Markdown table; the first row is its head. Without a final newline."""
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *others))


@dataclass(frozen=True)
class Panel:
    """One panel of a plot: its title, its axis, and the values of every run by the name of their bar."""

    title: str
    label: str
    runs: Mapping[str, Sequence[float]]


def write_bars(file: Path, panels: Sequence[Panel], *, width: float) -> None:
    """Write a PNG: panels side by side, `width` inches each; a bar a mean with its spread, a dot a run."""
    from matplotlib.figure import Figure  # here, for a table needs none of it

    from curation.png import encode_png

    names = list(dict.fromkeys(name for panel in panels for name in panel.runs))
    figure = Figure(figsize=(width * len(panels), 0.45 * len(names) + 1.3), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for panel, place in zip(panels, axes, strict=True):
        rows = [names.index(name) for name in panel.runs]
        means = [statistics.fmean(values) for values in panel.runs.values()]
        spreads = [sample_deviation(values) for values in panel.runs.values()]
        place.barh(rows, means, xerr=spreads, color="#b8c9e0", ecolor="#5b6b80", capsize=3)
        for row, values in zip(rows, panel.runs.values(), strict=True):
            place.plot(values, [row] * len(values), "o", color="#1f4e8c", markersize=4)
        place.set_title(panel.title, fontsize=9)
        place.set_xlabel(panel.label)
        place.set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    write_bytes(file, encode_png(figure, dpi=120))
