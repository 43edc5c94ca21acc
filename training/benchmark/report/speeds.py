"""How fast trackers ran, and on what machine, as the track stage measured it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curation.files import read_json


@dataclass(frozen=True)
class Speeds:
    """Times of trackers by benchmark.

    Attributes
    ----------
    times : mapping of benchmark to mapping of tracker to (int, float)
        Frames, and the seconds that the tracker took for them.
    machines : sequence of str
        Where they were measured, each once; empty if that is not on record.
    kept : int
        Results that were tracked before, by a machine that is not on record.
    """

    times: Mapping[str, Mapping[str, tuple[int, float]]] = field(default_factory=dict)
    machines: Sequence[str] = ()
    kept: int = 0

    def rate(self, tracker: str, benchmarks: Iterable[str]) -> float | None:
        """Frames per second over some benchmarks; None where the tracker did not run here."""
        found = [self.times.get(name, {}).get(tracker) for name in benchmarks]
        known = [entry for entry in found if entry is not None]
        seconds = sum(entry[1] for entry in known)
        return sum(entry[0] for entry in known) / max(seconds, 1e-9) if known else None

    @property
    def machine(self) -> str:
        """Where they were measured, in words."""
        words = "; ".join(self.machines) or "a machine that is not on record"
        return words + (f" ({self.kept} results: where they were tracked before)" if self.kept else "")


NO_SPEEDS = Speeds()

_NOTE = re.compile(r" \(\d+ results: where they were tracked before\)$")
"""What earlier versions wrote behind the machine."""


def rate_text(rate: float | None) -> str:
    """A rate as tables show it."""
    return "–" if rate is None else f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"


def read_speeds(folder: Path, benchmarks: Collection[str]) -> Speeds:
    """Of some benchmarks, from the files that the track stage writes; what has none was not tracked here."""
    documents = [read_json(file, made_by="track") for file in sorted(folder.rglob("*.json"))]
    documents = [document for document in documents if document["benchmark"] in benchmarks]
    times = {
        document["benchmark"]: {
            tracker: (one["frames"], one["seconds"]) for tracker, one in document["trackers"].items()
        }
        for document in documents
    }
    machines = dict.fromkeys(
        _NOTE.sub("", document["machine"]) for document in documents if "machine" in document
    )
    kept = sum(one.get("from_store", 0) for document in documents for one in document["trackers"].values())
    return Speeds(times, tuple(machines), kept)
