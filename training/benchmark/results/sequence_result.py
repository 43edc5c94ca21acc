"""What one tracker answered on one sequence, frame by frame: read alone, whatever else its folder holds."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.results.formats.segments import Segment
from training.benchmark.results.matches import keys_of, match_files
from training.benchmark.results.result_folders import EXPERIMENTS, find_results, find_tracker
from training.benchmark.results.result_reader import read_segments
from training.benchmark.scores.one_pass import is_filled_up
from training.benchmark.sequences.sequence import Benchmark, Sequence, to_base
from training.benchmark.trajectory import FAILURE, START, UNKNOWN, Trajectory, find_runs, read_trajectory

Item = TypeVar("Item")

CODES = {UNKNOWN: "no box", START: "started", FAILURE: "failed"}
"""What VOT's codes of frames without a region say."""


@dataclass(frozen=True, eq=False)
class SequenceResult:
    """A tracker on a sequence.

    Attributes
    ----------
    regions : (N, 4) or (N, 2V) float64
        xywh or corners, pixels, 0-based, a row a frame of the sequence; NaN where there is none.
    words : sequence of N str
        What is to be said of a frame without a region: `lost`, `started`, `failed`, `no box`; else empty.
    runs : int
        How many runs there are to choose from.
    """

    regions: Array
    words: Items[str]
    runs: int = 1


def read_sequence_result(
    results_dir: Path, tracker: str, benchmark: Benchmark, sequence: Sequence, *, run: int = 1
) -> SequenceResult:
    """Read one run of a tracker on one sequence; its other files are not looked into.

    Parameters
    ----------
    results_dir, tracker, benchmark
        As of `result_reader.read_results`.
    sequence : Sequence
        Of the benchmark.
    run : int
        Which of several: repetitions, or starts (TRE, SRE); from 1.

    Raises
    ------
    InputError
        If there is no such run, or its file is damaged.
    """
    where = f"{tracker} in {results_dir}"
    if benchmark.kind == "vot":
        folder = find_tracker(results_dir, tracker, benchmark)
        paths = _vot_files(folder, sequence) if isinstance(folder, Path) else []
        trajectory = read_trajectory(_pick(paths, run, where, sequence))
        return from_trajectory(trajectory, runs=len(paths))
    found = [
        segment
        for files in find_results(results_dir, tracker, benchmark)
        if (path := match_files(files, benchmark).files.get(sequence.name)) is not None
        for segment in read_segments(path)
    ]
    boxes, before = _in_frames(_pick(found, run, where, sequence), sequence)
    return from_boxes(boxes, sequence.base, before=before, runs=len(found))


def from_trajectory(trajectory: Trajectory, *, runs: int = 1) -> SequenceResult:
    """Of a run of VOT."""
    words = [CODES.get(int(code), "") for code in trajectory.codes]
    return SequenceResult(trajectory.regions, words, runs)


def from_boxes(boxes: Array, base: int, *, before: int = 0, runs: int = 1) -> SequenceResult:
    """Of boxes (N, 4) of that base, after `before` frames without one; those without size, or NaN, are lost."""
    lost = np.asarray(~(boxes[:, 2:] > 0).all(axis=1))
    regions = np.concatenate([np.full((before, 4), np.nan), to_base(boxes, base, 0)])
    regions[before:][lost] = np.nan
    return SequenceResult(regions, ["no box"] * before + ["lost" if one else "" for one in lost], runs)


def _vot_files(folder: Path, sequence: Sequence) -> list[Path]:
    """Files of the first of VOT's experiments that has any."""
    for experiment in EXPERIMENTS:
        runs = find_runs(folder / experiment)
        if found := [path for key in keys_of(sequence) for path in runs.get(key, ())]:
            return found
    return []


def _in_frames(segment: Segment, sequence: Sequence) -> tuple[Array, int]:
    """The boxes of a run, and how many frames of the sequence come before them."""
    boxes, before = segment.boxes, segment.first_frame - sequence.first_frame
    if is_filled_up(boxes, sequence):
        return boxes[len(sequence.lead_in) :], 0
    return boxes, before if before > 0 and len(boxes) == len(sequence) - before else 0  # a start of TRE


def _pick(found: Items[Item], run: int, where: str, sequence: Sequence) -> Item:
    if not found:
        raise InputError(
            f"{where} has no result of {sequence.name}", do="Name other trackers", reason="missing results"
        )
    if not 1 <= run <= len(found):
        raise InputError(
            f"{where} has {len(found)} runs on {sequence.name}, and no run {run}",
            do=f"Give --run 1 to {len(found)}",
            reason="missing results",
        )
    return found[run - 1]
