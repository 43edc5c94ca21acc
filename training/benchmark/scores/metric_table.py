"""The metrics, one row each: how a number is called, computed and shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curation.rows import Table
from training.benchmark.arrays import Array
from training.benchmark.scores.curve_table import CURVES, Curve
from training.benchmark.scores.metrics import OVERLAP_AT, PRECISION_AT

Place = Literal["metrics.json", "overview", "page", "page sequences", "sheet", "sheet breakdowns"]
"""Where a metric is shown; `sheet` is what `evaluate` prints."""


@dataclass(frozen=True)
class Metric:
    """A number of the score documents.

    Attributes
    ----------
    key : str
        Its name there.
    kind : {"ope", "vot"}
        Of the benchmarks that have it.
    short, long : str
        Its names in tables.
    value : callable or None
        For `ope`, from a mapping of curves (T,) by name, means over sequences, to the number. For `vot`, from a list
        of `accuracy.Runs`, one a sequence. None: computed with others in `vot` and `accuracy`.
    title : str
        Its name in headings, where the short one is a mere letter.
    lower_is_better : bool
    digits : int
        Behind the point, on the page; the sheet gives one more.
    shown : frozenset of str
        Where. The overview of the page has room for three a kind.
    curve : Curve or None
        Of one's own metric: the curve of its own that it is read off.
    only : str
        The protocol that has it, and then no others; empty: all that have none of their own.
    """

    key: str
    kind: Literal["ope", "vot"]
    short: str
    long: str
    value: Callable[[Any], float] | None = None
    title: str = ""
    lower_is_better: bool = False
    digits: int = 3
    shown: frozenset[Place] = frozenset({"metrics.json", "page", "sheet"})
    curve: Curve | None = None
    only: str = ""

    @property
    def name(self) -> str:
        """The name for headings: the title if there is one, else the short name."""
        return self.title or self.short

    def text(self, value: float | None) -> str:
        """The value as tables show it; an en dash where there is none."""
        return "–" if value is None or not math.isfinite(value) else f"{value:,.{self.digits}f}"


_PAGE: frozenset[Place] = frozenset({"page", "sheet"})
_FIRST: frozenset[Place] = frozenset({"metrics.json", "overview", *_PAGE})
_SHEET: frozenset[Place] = frozenset({"sheet"})
_EACH: frozenset[Place] = frozenset({"page sequences", "sheet breakdowns"})


def _mean(curve: str) -> Callable[[Mapping[str, Array]], float]:
    return lambda curves: float(curves[curve].mean())


def _at(curve: str, index: int) -> Callable[[Mapping[str, Array]], float]:
    return lambda curves: float(curves[curve][index])


_ROWS = (
    Metric("auc", "ope", "AUC", "area under the success curve", _mean("success"), shown=_FIRST | _EACH),
    Metric(
        "dp20",
        "ope",
        "DP@20",
        "distance precision at 20 pixels",
        _at("precision", PRECISION_AT),
        shown=_FIRST | {"sheet breakdowns"},
    ),
    Metric("op50", "ope", "OP@0.5", "success at overlap 0.5", _at("success", OVERLAP_AT)),
    Metric(
        "norm_precision",
        "ope",
        "NP@0.2",
        "normalised precision at 0.2 of the target's size",
        _at("norm_precision", PRECISION_AT),
        shown=_PAGE,
    ),
    Metric(
        "norm_auc",
        "ope",
        "NP AUC",
        "mean of the normalised precision curve",
        _mean("norm_precision"),
        shown=_SHEET,
    ),
    Metric(
        "average_overlap",
        "ope",
        "AO",
        "average overlap over all frames",
        _mean("average_overlap"),
        shown=_FIRST | _EACH,
        only="got10k-val",
    ),
    *(
        Metric(
            f"sr_{share}",
            "ope",
            f"SR.{share}",
            f"share of frames with an overlap over .{share}",
            _at("success", share // 5),
            shown=_FIRST | {"sheet breakdowns"},
            only="got10k-val",
        )
        for share in (50, 75)
    ),
    Metric("eao", "vot", "EAO", "expected average overlap", shown=_FIRST | {"sheet breakdowns"}),
    Metric(
        "accuracy", "vot", "A", "accuracy: overlap while tracking", title="Accuracy", shown=_FIRST | _EACH
    ),
    Metric("accuracy_tags", "vot", "A tags", "accuracy weighted by tags", shown=_SHEET),
    Metric("accuracy_sequences", "vot", "A seq", "accuracy weighted by sequences", shown=_SHEET),
    Metric(
        "robustness",
        "vot",
        "R",
        "robustness: failures per 100 frames",
        title="Robustness",
        lower_is_better=True,
        shown=_FIRST,
    ),
    Metric(
        "failures",
        "vot",
        "F",
        "failures",
        title="Failures",
        lower_is_better=True,
        digits=1,
        shown=_PAGE | _EACH,
    ),
    Metric(
        "failures_per_sequence", "vot", "F/seq", "failures per sequence", lower_is_better=True, shown=_SHEET
    ),
    Metric(
        "ao",
        "vot",
        "AO",
        "average overlap without resets",
        shown=_PAGE | {"metrics.json", "page sequences"},
    ),
    *(
        Metric(f"multistart_{key}", "vot", short, long, title=title, shown=shown, only="multistart")
        for key, short, long, title, shown in (
            ("eao", "EAO", "expected average overlap", "", _FIRST),
            ("accuracy", "A", "accuracy: overlap until a failure", "Accuracy", _FIRST | _EACH),
            ("robustness", "R", "robustness: share of frames until a failure", "Robustness", _FIRST | _EACH),
        )
    ),
)
METRICS: Table[Metric] = Table("metric", {metric.key: metric for metric in _ROWS})
"""Every metric; the first of a kind ranks its trackers. One's own is a `Metric`, named by the place of its code."""


def metrics_of(kind: str, place: Place | None = None, *, protocol: str = "") -> Sequence[Metric]:
    """The metrics of a kind under a protocol, or those of them that are shown at a place, in the table's order."""
    own = [m for m in METRICS.values() if m.kind == kind and m.only and m.only == protocol]
    rows = own or [m for m in METRICS.values() if m.kind == kind and not m.only]
    return [m for m in rows if place is None or place in m.shown]


def adopt_metrics(names: Iterable[str]) -> None:
    """Add the user's metrics and their curves to the tables for the rest of this process.

    Raises
    ------
    InputError
        If one cannot be loaded, or has the key of another.
    """
    for name in names:
        metric = METRICS[name]
        METRICS.adopt(metric.key, metric)
        if metric.curve is not None:
            CURVES.adopt(metric.curve.name, metric.curve)
