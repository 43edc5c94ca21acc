"""The tracks to look at: the most extreme of each kind, in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.documents.document import Fields
from curation.quality.measures import Instances

KINDS = {
    "motion": ("jumps by {:.2f} box sizes in one frame", lambda v: v),
    "size_change": ("changes size x{:.2f} in one frame", lambda v: np.abs(np.log(v))),
    "aspect_change": ("changes aspect x{:.2f} in one frame", lambda v: np.abs(np.log(v))),
    "truncation": ("lies {:.1%} outside the image", lambda v: v),
    "aspect": ("is {:.3g} times as wide as high", lambda v: np.abs(np.log(v))),
    "box_size": ("is only {:.3g} pixels large", lambda v: 1 / v),
    "padding": ("has a search region {:.1%} outside the image", lambda v: v),
}
"""How a track can be strange: the measure, how a message says it, how strange a value is (0: not at all)."""


@dataclass(frozen=True)
class Sighting:
    """The strangest moment of a track under one measure.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    strangeness : float
        Comparable within a kind.
    value : float
        The measure itself.
    video, track : str, int
        Key of the video, trackid.
    frame : int
        Frame number of the moment.
    instance : int
        Its index in the subset's `Instances`.
    """

    kind: str
    strangeness: float
    value: float
    video: str
    track: int
    frame: int
    instance: int

    def message(self) -> str:
        """One line in plain words."""
        return (
            f"{self.video} track {self.track} {KINDS[self.kind][0].format(self.value)} (frame {self.frame})"
        )

    def record(self) -> Fields:
        """For the JSON report."""
        return {
            "kind": self.kind,
            "value": round(self.value, 4),
            "video": self.video,
            "track": self.track,
            "frame": self.frame,
            "message": self.message(),
        }


def strangest(instances: Instances, measures: dict[str, NDArray[np.float64]], number: int) -> list[Sighting]:
    """The `number` strangest tracks of a subset under each kind, most strange first within a kind."""
    found = []
    for kind, (_, strangeness) in KINDS.items():
        values = measures[kind]
        scores = np.nan_to_num(strangeness(values), nan=0.0)
        # Best instance of every track: sort by track, then strangeness, earlier frames first among equals.
        order = np.lexsort((instances.frame, -scores, instances.track))
        first = order[np.diff(instances.track[order], prepend=-1) > 0]
        first = first[scores[first] > 0]
        for at in first[np.argsort(-scores[first], kind="stable")][:number]:
            video, track = instances.tracks[instances.track[at]]
            frame = int(instances.frame[at])
            found.append(Sighting(kind, float(scores[at]), float(values[at]), video, track, frame, int(at)))
    return found


def choose(sightings: list[Sighting], number: int) -> list[Sighting]:
    """The `number` tracks to show: the strangest of each kind in turn, then the next, no track twice."""
    queues = []
    for kind in KINDS:
        ranked = [sighting for sighting in sightings if sighting.kind == kind]
        queues.append(sorted(ranked, key=lambda s: (-s.strangeness, s.video, s.track)))
    chosen: list[Sighting] = []
    shown: set[tuple[str, int]] = set()
    while len(chosen) < number and any(queues):
        for queue in queues:
            while queue and (queue[0].video, queue[0].track) in shown:
                queue.pop(0)
            if queue and len(chosen) < number:
                chosen.append(queue.pop(0))
                shown.add((chosen[-1].video, chosen[-1].track))
    return chosen
