"""Statistics of a split: counts, track lengths, box sizes, gaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from curation.documents.document import Fields
from curation.imdb.columns import Counts, VideoRows

_QUANTILES = {"min": 0.0, "p05": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}


class Statistics:
    """Gathers the statistics of the videos of a split; those of several subsets can be merged."""

    def __init__(self) -> None:
        self._videos = 0
        self._classes: Counter[str] = Counter()
        self._length: list[NDArray[np.int32]] = []
        self._area: list[NDArray[np.uint32] | NDArray[np.int64]] = []
        self._gap: list[NDArray[np.int32]] = []

    def add(self, rows: VideoRows, classes: dict[int, str]) -> None:
        """Add a video; `classes` gives the class of each trackid."""
        self._videos += 1
        self._classes.update(classes[track] for track in rows.track.tolist())
        self._length.append(rows.length)
        area = rows.boxes[:, 2].astype(np.int64) * rows.boxes[:, 3]
        small = not (area >> 32).any()
        self._area.append(area.astype(np.uint32) if small else area)
        step = np.diff(rows.frame)
        step[np.cumsum(rows.length)[:-1] - 1] = 1  # from one track to the next
        self._gap.append(step[step > 1] - 1)

    def merge(self, other: Statistics) -> None:
        self._videos += other._videos
        self._classes.update(other._classes)
        self._length += other._length
        self._area += other._area
        self._gap += other._gap

    def counts(self) -> Counts:
        """How much there is."""
        tracks = sum(map(len, self._length))
        return Counts(self._videos, tracks, int(sum(length.sum() for length in self._length)))

    def report(self) -> Fields:
        """Counts, and distributions by quantiles.

        `track_length` in crops, `box_side` the square root of the box's area in pixels, `gap` the number of
        frames missing where a track is interrupted.
        """
        return {
            **asdict(self.counts()),
            "track_length": _describe(_joined(self._length)),
            "box_side": _describe(self._sides()),
            "gaps": sum(map(len, self._gap)),
            "gap": _describe(_joined(self._gap)),
            "tracks_by_class": dict(sorted(self._classes.items())),
        }

    def _sides(self) -> NDArray[np.float64]:
        """The square root of each box's area."""
        sides = np.empty(sum(map(len, self._area)))
        at = 0
        for area in self._area:
            np.sqrt(area, out=sides[at : at + len(area)])
            at += len(area)
        return sides


def _joined(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def _describe(values: NDArray[np.int32] | NDArray[np.float64]) -> dict[str, float]:
    """Quantiles; the values change their order."""
    if not len(values):
        return {}
    found = np.quantile(values, list(_QUANTILES.values()), overwrite_input=True)
    return {name: round(float(value), 2) for name, value in zip(_QUANTILES, found, strict=True)}
