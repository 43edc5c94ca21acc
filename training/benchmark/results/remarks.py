"""Remarks on odd results that are scored unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items

import numpy as np

from curation.errors import printable
from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import crossed, polygon_area
from training.benchmark.scores.eao import SKIP
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import REGION, START, Trajectory


def odd_rows(results: Mapping[str, Array]) -> list[str]:
    """One line for each result with boxes that are NaN, or have no size: protocols treat them differently."""
    notes = []
    for name, boxes in results.items():
        lost = int(np.isnan(boxes).all(axis=1).sum())
        flat = int((boxes[:, 2:] <= 0).any(axis=1).sum())
        if lost or flat:
            found = " and ".join(
                [f"{lost} rows of NaN"] * bool(lost) + [f"{flat} boxes without size"] * bool(flat)
            )
            notes.append(f"{name}: {found}")
    return notes


def odd_regions(sequences: Items[Sequence], runs: Mapping[str, Items[Trajectory]]) -> list[str]:
    """One line for each result whose regions have no area or crossed edges: they count as drawn.

    Also one for each whose runs start again elsewhere than `eao.SKIP` frames after every failure: EAO cuts them
    there nevertheless.
    """
    notes = []
    for sequence in sequences:
        flat = cross = 0
        for run in runs.get(sequence.name, ()):
            regions = run.regions[run.codes == REGION]
            if regions.shape[1] == 8:
                polygons = regions[~np.isnan(regions).any(axis=1)]
                bow = crossed(polygons)
                flat += int((~bow & (polygon_area(polygons) == 0)).sum())
                cross += int(bow.sum())
            flat += int((regions[np.isnan(regions[:, 4:]).all(axis=1), 2:4] <= 0).any(axis=1).sum())
        if flat or cross:
            found = [f"{flat} regions without area"] * bool(flat) + [f"{cross} with crossed edges"] * bool(
                cross
            )
            notes.append(f"{sequence.name}: {' and '.join(found)}")
        odd = sum(not _restarts_regularly(run) for run in runs.get(sequence.name, ()))
        if odd:
            notes.append(f"{sequence.name}: {odd} runs that do not start {SKIP} frames after each failure")
    return notes


def _restarts_regularly(run: Trajectory) -> bool:
    expected = np.append(0, run.failures + SKIP)
    return np.array_equal(np.flatnonzero(run.codes == START), expected[expected < len(run)])


def left_aside(names: Items[str], most: int = 5) -> list[str]:
    """One line on files or folders that were not read, because no sequence has their name."""
    if not names:
        return []
    some = ", ".join(map(printable, names[:most])) + (", .." if len(names) > most else "")
    return [f"ignored, because no sequence has these names: {some} ({len(names)} in all)"]
