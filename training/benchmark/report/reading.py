"""Score documents as the report reads them: typed, and forgiving of whatever a document leaves out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.errors import InputError
from training.benchmark.metric_table import Metric, metrics_of

ATTRIBUTES = {
    "ARC": "aspect ratio change",
    "BC": "background clutter",
    "CM": "camera motion",
    "DEF": "deformation",
    "FM": "fast motion",
    "FOC": "full occlusion",
    "IPR": "in-plane rotation",
    "IV": "illumination variation",
    "LR": "low resolution",
    "MB": "motion blur",
    "OCC": "occlusion",
    "OPR": "out-of-plane rotation",
    "OV": "out of view",
    "POC": "partial occlusion",
    "SOB": "similar object",
    "SV": "scale variation",
    "VC": "viewpoint change",
}
"""What the tags of OTB [Wu, Lim, Yang, TPAMI 2015] and UAV123 [Mueller et al., ECCV 2016] stand for."""


@dataclass(frozen=True)
class TrackerScores:
    """One tracker on one benchmark: numbers overall, curves, numbers per sequence and per attribute.

    `missing` names sequences that are there but have no result of this tracker; `notes` are remarks on its
    files that change no score.
    """

    overall: Mapping[str, Any]
    curves: Mapping[str, Sequence[float]]
    sequences: Mapping[str, Mapping[str, Any]]
    attributes: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scores:
    """One score document.

    Attributes
    ----------
    name, title, kind, protocol : str
        `kind` is `"ope"` or `"vot"`.
    missing : tuple of str
        Sequences of the benchmark that were not there.
    partial : bool
    interval : (int, int) or None
        Lengths over which EAO averages the expected-overlap curve (VOT).
    trackers : mapping of name to TrackerScores
    """

    name: str
    title: str
    kind: str
    protocol: str
    missing: tuple[str, ...]
    partial: bool
    interval: tuple[int, int] | None
    trackers: Mapping[str, TrackerScores]

    @property
    def short_title(self) -> str:
        """The title without a remark in brackets (`OTB-2013 (built in)`): for columns."""
        return self.title.partition(" (")[0]

    @property
    def headline(self) -> Metric:
        """The metric by which trackers are ranked."""
        return metrics_of(self.kind)[0]

    @property
    def metrics(self) -> list[Metric]:
        """Those that at least one tracker has."""
        known = metrics_of(self.kind, "page")
        return [metric for metric in known if any(metric.key in t.overall for t in self.trackers.values())]

    def inner_metrics(self, groups: Iterable[Mapping[str, Mapping[str, Any]]]) -> list[Metric]:
        """Those of which sequences or attributes, in all trackers' `groups`, have at least one number."""
        known = metrics_of(self.kind, "page")
        entries = [numbers for group in groups for numbers in group.values()]
        return [metric for metric in known if any(value(numbers, metric) is not None for numbers in entries)]

    def ranked(self) -> list[str]:
        """Trackers, best headline first; equal ones by name."""
        return sorted(self.trackers, key=lambda name: (rank(self.number(name, self.headline)), name))

    def number(self, tracker: str, metric: Metric) -> float | None:
        """A tracker's overall number, or None."""
        found = self.trackers.get(tracker)
        return value(found.overall, metric) if found else None

    @property
    def sequences(self) -> list[str]:
        """Names of all sequences that any tracker has, in the document's order."""
        return list(dict.fromkeys(name for t in self.trackers.values() for name in t.sequences))

    @property
    def attributes(self) -> list[str]:
        return list(dict.fromkeys(name for t in self.trackers.values() for name in t.attributes))


def value(numbers: Mapping[str, Any] | None, metric: Metric) -> float | None:
    """A metric's value, or None where it is missing or not finite."""
    found = (numbers or {}).get(metric.key)
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None


def rank(number: float | None) -> float:
    """A key that sorts numbers best first and missing ones last."""
    return math.inf if number is None else -number


def read_scores(documents: Mapping[str, Mapping[str, Any]]) -> list[Scores]:
    """Every document, in the given order.

    Raises
    ------
    InputError
        If a document has no trackers, or lacks the name of its protocol.
    """
    return [_read(name, document) for name, document in documents.items()]


def _read(name: str, document: Mapping[str, Any]) -> Scores:
    for key in ("trackers", "protocol"):
        if not document.get(key):
            raise InputError(
                f"the scores of {name} have no {key!r}", do="Run: dvc repro score", reason="damaged file"
            )
    missing = tuple(document.get("missing") or ())
    trackers = {tracker: _tracker(content) for tracker, content in document["trackers"].items()}
    intervals = [content["overall"].get("interval") for content in document["trackers"].values()]
    return Scores(
        name=name,
        title=str(document.get("title") or name),
        kind=str(document.get("kind", "ope")),
        protocol=str(document["protocol"]),
        missing=missing,
        partial=bool(document.get("partial", bool(missing))),
        interval=next(((int(found[0]), int(found[1])) for found in intervals if found), None),
        trackers=trackers,
    )


def _tracker(content: Mapping[str, Any]) -> TrackerScores:
    overall = dict(content["overall"])
    free = (content.get("unsupervised") or {}).get("overall") or {}
    overall.update({key: free[key] for key in ("ao",) if key in free})
    curves = dict(overall.get("curves") or {})
    if overall.get("eao_curve"):
        curves["expected_overlap"] = [math.nan if found is None else found for found in overall["eao_curve"]]
    return TrackerScores(
        overall=overall,
        curves=curves,
        sequences=content.get("sequences") or {},
        attributes=content.get("attributes") or content.get("tags") or {},
        missing=tuple(content.get("missing") or ()),
        notes=tuple(content.get("notes") or ()),
    )
