"""The scores of a benchmark as a document, and its queries; `score_file` reads and writes it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from curation.documents.document import Fields
from training.benchmark.scores.metric_table import METRICS, Metric, Place, metrics_of

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Numbers of one tracker: over all, on a sequence, by an attribute.

    Attributes
    ----------
    values : mapping of str to float or None
        By the key of a metric; counts too (`frames`, `sequences`, `repetitions`). None: it cannot be measured.
    curves : mapping of str to sequence of float or None
        By the name of a curve.
    rules : mapping of str to str
        VOT: `rule`, `bounds`, `eao_rules`.
    pairs : mapping of str to (float, float)
        VOT: `interval` of the lengths that EAO averages over; `ar_point`, its place in the A-R plot.
    """

    values: Mapping[str, float | None] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    pairs: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def of(self, metric: Metric) -> float | None:
        """A metric's value, or None where it is missing or not finite."""
        found = self.values.get(metric.key)
        return float(found) if found is not None and math.isfinite(found) else None

    def plain(self) -> Fields:
        curves = dict(self.curves)
        eao = {"eao_curve": curves.pop("expected_overlap")} if "expected_overlap" in curves else {}
        return {**self.values, **self.rules, **self.pairs, **eao, **({"curves": curves} if curves else {})}


@dataclass(frozen=True, kw_only=True)
class TrackerScores:
    """One tracker on one benchmark.

    Attributes
    ----------
    overall : Numbers
    sequences, attributes : mapping of str to Numbers
        Attributes are tags of sequences; VOT's are of frames.
    missing : tuple of str
        Sequences that are there but have no result of this tracker.
    partial : bool
    notes : tuple of str
        Remarks on its files that change no score.
    free : (Numbers, mapping of sequence to Numbers) or None
        VOT: of the runs without restarts.
    """

    overall: Numbers
    sequences: Mapping[str, Numbers] = field(default_factory=dict)
    attributes: Mapping[str, Numbers] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    partial: bool = False
    notes: tuple[str, ...] = ()
    free: tuple[Numbers, Mapping[str, Numbers]] | None = None

    def number(self, metric: Metric) -> float | None:
        """An overall number; of runs without restarts if there are no others."""
        found = self.overall.of(metric)
        return self.free[0].of(metric) if found is None and self.free else found

    def plain(self, kind: str) -> Fields:
        raw = {
            "overall": self.overall.plain(),
            "sequences": _plain(self.sequences),
            "tags" if kind == "vot" else "attributes": _plain(self.attributes),
            "missing": list(self.missing),
            "partial": self.partial,
            "notes": list(self.notes),
        }
        if kind == "vot":
            free = self.free
            raw["unsupervised"] = free and {"overall": free[0].plain(), "sequences": _plain(free[1])}
        return raw


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of one benchmark.

    Attributes
    ----------
    name, title, kind, protocol : str
        `kind` is `"ope"` or `"vot"`; the protocol of VOT is its overlap rule.
    trackers : mapping of name to TrackerScores
    missing : tuple of str
        Sequences of the benchmark that were not there.
    partial : bool
        Whether these, or results of a tracker, are missing.
    own_metrics : tuple of str
        Keys of the benchmark's own metrics, the first of which ranks; empty: those of its kind and protocol.
    evaluation : str
        `"tre"` or `"sre"`: from many starts; empty: from the first frame.
    unsound : mapping of str to sequence of str
        Trackers that were left out, and what is wrong with their results.
    """

    name: str
    title: str
    kind: str
    protocol: str
    trackers: Mapping[str, TrackerScores]
    missing: tuple[str, ...] = ()
    partial: bool = False
    own_metrics: tuple[str, ...] = ()
    evaluation: str = ""
    unsound: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def short_title(self) -> str:
        """The title without a remark in brackets (`OTB-2013 (built in)`): for the page's list of sections."""
        return self.title.partition(" (")[0]

    @property
    def headline(self) -> Metric:
        """The metric by which trackers are ranked."""
        return self._rows()[0]

    def _rows(self, place: Place | None = None) -> Sequence[Metric]:
        """The benchmark's own metrics, shown everywhere; else those of its kind and protocol that are shown at a place.

        One that this process does not know (it was adopted where the scores were made) is left out.
        """
        own = [METRICS[key] for key in self.own_metrics if key in METRICS]
        return own or metrics_of(self.kind, place, protocol=self.protocol)

    @property
    def interval(self) -> tuple[int, int] | None:
        """Lengths over which EAO averages the expected-overlap curve (VOT)."""
        found = next(
            (t.overall.pairs["interval"] for t in self.trackers.values() if "interval" in t.overall.pairs),
            None,
        )
        return None if found is None else (int(found[0]), int(found[1]))

    @property
    def sequences(self) -> list[str]:
        """Names of all sequences that any tracker has, in the document's order."""
        return list(dict.fromkeys(name for t in self.trackers.values() for name in t.sequences))

    @property
    def attributes(self) -> list[str]:
        return list(dict.fromkeys(name for t in self.trackers.values() for name in t.attributes))

    def metrics(self, place: Place = "page") -> list[Metric]:
        """The metrics shown at a place that a sequence or attribute in any tracker's `groups` has."""
        overall = [numbers for t in self.trackers.values() for numbers in (t.overall, *(t.free or ())[:1])]
        return [m for m in self._rows(place) if any(m.key in one.values for one in overall)]

    def inner_metrics(self, groups: Iterable[Mapping[str, Numbers]], place: Place) -> list[Metric]:
        """The metrics shown at a place that a sequence or attribute in any tracker's `groups` has."""
        entries = [numbers for group in groups for numbers in group.values()]
        return [m for m in self._rows(place) if any(e.of(m) is not None for e in entries)]

    def number(self, tracker: str, metric: Metric) -> float | None:
        """A tracker's overall number, or None."""
        return self.trackers[tracker].number(metric) if tracker in self.trackers else None

    def whole(self, tracker: str) -> bool:
        """Whether a tracker has a result for every sequence that is here."""
        return tracker in self.trackers and not self.trackers[tracker].missing

    def share(self, tracker: str) -> str:
        """`3 of 8 sequences` for a partial result, else empty."""
        if self.whole(tracker) or tracker not in self.trackers:
            return ""
        found = self.trackers[tracker]
        return f"{len(found.sequences)} of {len(found.sequences) + len(found.missing)} sequences"

    def ranked(self, metric: Metric | None = None) -> list[str]:
        """Trackers sorted by a metric (default: the headline's), best first, ties by name, partial results last."""
        by = metric or self.headline
        return sorted(self.trackers, key=lambda n: (not self.whole(n), rank(self.number(n, by)), n))

    @property
    def best(self) -> str:
        """The tracker that leads this benchmark."""
        return self.ranked()[0]

    def plain(self) -> Fields:
        """JSON values."""
        return {
            "schema": SCHEMA,
            "benchmark": self.name,
            "title": self.title,
            "kind": self.kind,
            "protocol": self.protocol,
            "missing": list(self.missing),
            "partial": self.partial,
            "trackers": {name: one.plain(self.kind) for name, one in self.trackers.items()},
            **({"metrics": list(self.own_metrics)} if self.own_metrics else {}),
            **({"evaluation": self.evaluation} if self.evaluation else {}),
            **(
                {"unsound": {name: list(lines) for name, lines in self.unsound.items()}}
                if self.unsound
                else {}
            ),
        }


def _plain(numbers: Mapping[str, Numbers]) -> Fields:
    return {name: one.plain() for name, one in numbers.items()}


def rank(number: float | None) -> float:
    """A key that sorts numbers best first and missing ones last."""
    return math.inf if number is None else -number
