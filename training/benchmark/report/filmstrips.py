"""Which sequences the page shows: those on which one tracker did best and worst, some frames of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.benchmark.arrays import Array
from training.benchmark.overlap.polygons import exact_overlap
from training.benchmark.report.content import FilmFrame, Filmstrip
from training.benchmark.results.result_reader import TrackerResults
from training.benchmark.sequences.sequence import Benchmark, Sequence, to_base


def choose_filmstrips(
    benchmark: Benchmark,
    results: Mapping[str, TrackerResults],
    *,
    leader: str,
    worst: int = 2,
    best: int = 2,
    frames: int = 6,
) -> list[Filmstrip]:
    """The sequences on which a tracker's mean overlap is lowest and highest; the worst first.

    Parameters
    ----------
    benchmark : Benchmark
        Loaded with its images.
    results : mapping of tracker to TrackerResults
        As `result_reader.read_results` gives them. A tracker may lack sequences; frames without a region (after a
        failure, before the next start) count as overlap 0.
    leader : str
        The tracker by which sequences are chosen; without results of it there are none.
    worst, best : int
        How many of each; of a benchmark with fewer sequences the worst are taken first, none twice.
    frames : int
        How many frames of each, evenly spread from the first to the last.
    """
    regions = {tracker: _regions(benchmark, found) for tracker, found in results.items()}
    mine = regions.get(leader, {})
    candidates = [sequence for sequence in benchmark.sequences if sequence.frames and sequence.name in mine]
    scores = {s.name: _mean(frame_overlaps(mine[s.name], s)) for s in candidates}
    ranked = sorted(candidates, key=lambda sequence: (scores[sequence.name], sequence.name))
    low = ranked[: min(worst, (len(ranked) + 1) // 2)]
    high = ranked[max(len(low), len(ranked) - best) :]
    chosen = [("worst", sequence) for sequence in low] + [("best", sequence) for sequence in reversed(high)]
    return [_strip(benchmark, sequence, regions, why, frames) for why, sequence in chosen]


def _strip(
    benchmark: Benchmark, sequence: Sequence, regions: Mapping[str, Mapping[str, Array]], why: str, count: int
) -> Filmstrip:
    here = {tracker: found[sequence.name] for tracker, found in regions.items() if sequence.name in found}
    indices = np.unique(np.linspace(0, len(sequence) - 1, count).round().astype(int))
    return Filmstrip(
        benchmark=benchmark.name,
        sequence=sequence.name,
        why=why,
        frames=[
            FilmFrame(
                number=int(index) + 1,
                image=sequence.frames[index],
                truth=sequence.ground_truth[index],
                boxes={tracker: found[index] for tracker, found in here.items()},
            )
            for index in indices
        ],
        overlaps={tracker: frame_overlaps(found, sequence) for tracker, found in here.items()},
        note=", ".join(sequence.attributes),
    )


def _regions(benchmark: Benchmark, results: TrackerResults) -> dict[str, Array]:
    """0-based regions of each sequence with a whole result; for VOT those of the first repetition."""
    found = results.boxes or {name: runs[0].regions for name, runs in results.runs.items()}
    lengths = {sequence.name: len(sequence) for sequence in benchmark.sequences}
    return {
        name: to_base(regions, benchmark.base, 0)
        for name, regions in found.items()
        if len(regions) == lengths[name]
    }


def frame_overlaps(regions: Array, sequence: Sequence) -> Array:
    """Overlap with the truth in every frame, (N,) float64, exact areas; NaN where either has no region.

    Parameters
    ----------
    regions : (N, 4) or (N, 8) float64
        xywh or polygon corners, 0-based.
    sequence : Sequence
    """
    return exact_overlap(regions, sequence.ground_truth, None)


def _mean(values: Array) -> float:
    """Mean over frames; one without a region counts 0."""
    return float(np.nan_to_num(values).mean())
