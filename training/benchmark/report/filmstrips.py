"""Which sequences the page shows: those on which one tracker did best and worst, some frames of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.benchmark.polygons import exact_overlap
from training.benchmark.report.content import FilmFrame, Filmstrip
from training.benchmark.results import read_results
from training.benchmark.sequences import Benchmark, Sequence, to_base
from training.benchmark.trajectories import read_trajectories

Array = NDArray[np.float64]


def choose_filmstrips(
    benchmark: Benchmark,
    results: Mapping[str, Mapping[str, Array]],
    *,
    trained: str,
    worst: int = 2,
    best: int = 2,
    frames: int = 6,
) -> list[Filmstrip]:
    """The sequences on which a tracker's mean overlap is lowest and highest; the worst first.

    Parameters
    ----------
    benchmark : Benchmark
        Loaded with its images.
    results : mapping of tracker to mapping of sequence to (N, 4) or (N, 8) float64
        Regions in the benchmark's file coordinates, as its result files hold them; NaN rows where a tracker
        has none (after a failure, before the next start). A tracker may lack sequences.
    trained : str
        The tracker by which sequences are chosen.
    worst, best : int
        How many of each; of a benchmark with fewer sequences the worst are taken first, none twice.
    frames : int
        How many frames of each, evenly spread from the first to the last.

    Raises
    ------
    InputError
        If a sequence is unknown to the benchmark.
    """
    mine = results.get(trained, {})
    candidates = [
        s for s in benchmark.sequences if s.frames and s.name in mine and len(mine[s.name]) == len(s)
    ]
    scores = {s.name: _mean(frame_overlaps(to_base(mine[s.name], benchmark.base, 0), s)) for s in candidates}
    ranked = sorted(candidates, key=lambda s: (scores[s.name], s.name))
    low = ranked[: min(worst, (len(ranked) + 1) // 2)]
    high = ranked[max(len(low), len(ranked) - best) :]
    chosen = [("worst", s) for s in low] + [("best", s) for s in reversed(high)]
    return [_strip(benchmark, sequence, results, why, frames) for why, sequence in chosen]


def _strip(
    benchmark: Benchmark, sequence: Sequence, results: Mapping[str, Mapping[str, Array]], why: str, count: int
) -> Filmstrip:
    regions = {
        tracker: to_base(found[sequence.name], benchmark.base, 0)
        for tracker, found in results.items()
        if sequence.name in found and len(found[sequence.name]) == len(sequence)
    }
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
                boxes={tracker: found[index] for tracker, found in regions.items()},
            )
            for index in indices
        ],
        overlaps={tracker: frame_overlaps(found, sequence) for tracker, found in regions.items()},
        note=", ".join(sequence.attributes),
    )


def read_regions(benchmark: Benchmark, folder: Path) -> dict[str, Array]:
    """A tracker's regions on each sequence it has a result for, as `choose_filmstrips` takes them.

    Parameters
    ----------
    benchmark : Benchmark
    folder : Path
        The tracker's result files; of VOT's supervised experiment the first repetition is taken.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    if benchmark.kind == "ope":
        return read_results(folder, benchmark)
    found = {sequence.name: read_trajectories(folder, sequence.name) for sequence in benchmark.sequences}
    return {name: runs[0].regions for name, runs in found.items() if runs}


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
