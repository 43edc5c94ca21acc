"""Statistics of a split: counts, track lengths, box sizes, gaps."""

from __future__ import annotations

from array import array
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
        self._side = array("d")  # all boxes: a list of arrays would be copied to be joined
        self._gap: list[NDArray[np.int32]] = []

    def add(self, rows: VideoRows, classes: dict[int, str]) -> None:
        """Add a video; `classes` gives the class of each trackid."""
        self._videos += 1
        self._classes.update(classes[track] for track in rows.track.tolist())
        self._length.append(rows.length)
        self._side.frombytes(np.sqrt(rows.boxes[:, 2] * rows.boxes[:, 3].astype(np.float32)).tobytes())
        step = np.diff(rows.frame)
        step[np.cumsum(rows.length)[:-1] - 1] = 1  # from one track to the next
        self._gap.append(step[step > 1] - 1)

    def merge(self, other: Statistics) -> None:
        self._videos += other._videos
        self._classes.update(other._classes)
        self._length += other._length
        self._side += other._side
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
            "box_side": _describe(np.frombuffer(self._side, np.float64)),
            "gaps": sum(map(len, self._gap)),
            "gap": _describe(_joined(self._gap)),
            "tracks_by_class": dict(sorted(self._classes.items())),
        }


def _joined(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate(parts) if parts else np.empty(0, np.int32)


def _describe(values: NDArray[np.int32] | NDArray[np.float64]) -> dict[str, float]:
    """Quantiles; the values change their order."""
    if not len(values):
        return {}
    found = np.quantile(values, list(_QUANTILES.values()), overwrite_input=True)
    return {name: round(float(value), 2) for name, value in zip(_QUANTILES, found, strict=True)}
