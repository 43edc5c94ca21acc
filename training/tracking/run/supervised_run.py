"""VOT's supervised run: restart the tracker five frames after each failure, and repeat all.

A failure is a frame in which the tracker's region and the ground truth do not overlap at all.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import Conversion, box_from_polygon
from training.benchmark.overlap.rules import region_overlap
from training.benchmark.scores.eao import SKIP
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import DETERMINISTIC_AFTER, FAILURE, REGION, START, UNKNOWN, Trajectory
from training.tracking.interface import Frame, Tracker
from training.tracking.run.sequence_run import Runner, read_frame

REPETITIONS = 15
SAME = 0.999
"""Overlap above which two regions count as the same."""


@dataclass(frozen=True, eq=False)
class SupervisedRun:
    """All repetitions of a tracker on one sequence.

    Attributes
    ----------
    trajectories : list of Trajectory
    seconds : list of (N,) float64
        Time of `init` or `update` in each frame, reading the image excepted; 0 where not run.
    """

    trajectories: list[Trajectory]
    seconds: list[Array]


def run_supervised(
    tracker: Tracker,
    sequence: Sequence,
    repetitions: int = REPETITIONS,
    *,
    who: str = "",
    read: Callable[[Path], Frame] = read_frame,
    conversion: Conversion = "area",
    skip: int = SKIP,
) -> SupervisedRun:
    """Run a tracker as VOT's baseline experiment does.

    Started on the first frame; when it fails, the frame gets code 2, the next `skip - 1` frames code 0, and
    it is started on the one after (code 1), unless the sequence has ended. Repeated `repetitions` times; once
    if the tracker says that it is deterministic; and only three times if the first three runs agree: the same
    codes, and regions that overlap by more than 0.999.

    Parameters
    ----------
    tracker : Tracker
        Boxes are `x y w h`, 0-based.
    sequence : Sequence
        With frames.
    repetitions : int
    who, read
        As of `sequence_run.Runner`.
    conversion : {"area", "area_floor", "minmax"}
        How the polygon becomes the box to start on.
    skip : int
        Frames from a failure to the restart.

    Raises
    ------
    InputError
        If the sequence was loaded without frames; or as `Runner.step`.
    """
    if not sequence.frames:
        raise InputError(f"{sequence.name} was loaded without images", do="Load it with images=True")
    starts = box_from_polygon(sequence.ground_truth, conversion)
    runner = Runner(tracker, sequence.frames, who, read)
    runs: list[tuple[Trajectory, Array]] = []
    for _ in range(1 if tracker.deterministic else repetitions):
        runs.append(_run(runner, sequence, starts, skip))
        if len(runs) == DETERMINISTIC_AFTER and agree([run for run, _ in runs], sequence.size):
            break
    return SupervisedRun([run for run, _ in runs], [seconds for _, seconds in runs])


def _run(runner: Runner, sequence: Sequence, starts: Array, skip: int) -> tuple[Trajectory, Array]:
    codes = np.full(len(sequence), UNKNOWN, dtype=np.int8)
    regions = np.full((len(sequence), 4), np.nan)
    seconds = np.zeros(len(sequence))
    restart = 0
    for i in range(len(sequence)):
        if i < restart:
            continue
        region, seconds[i] = runner.step(i, starts[i] if i == restart else None)
        if i == restart:
            codes[i] = START
        elif failed(region, sequence.ground_truth[i], sequence.size):
            codes[i] = FAILURE
            restart = i + skip
        else:
            codes[i] = REGION
            regions[i] = region
    return Trajectory(codes, regions), seconds


def failed(region: Array, truth: Array, size: tuple[int, int]) -> bool:
    """Whether a box (4,) misses the ground truth (4,) or (8,) altogether.

    As at run time in the MATLAB toolkit: in pixels inside the frame, the box's corners at x and x + w - 1. A
    box without size misses.
    """
    if (region[2:] <= 0).any():
        return True
    return float(region_overlap(region[None], truth[None], size, "vot2019", "frame-1")[0]) <= 0


def agree(runs: Items[Trajectory], size: tuple[int, int]) -> bool:
    """Whether all runs have the same codes and pairwise overlaps above `SAME` wherever they have regions."""
    for one, two in combinations(runs, 2):
        if not np.array_equal(one.codes, two.codes):
            return False
        both = one.codes == REGION
        overlap = region_overlap(one.regions[both], two.regions[both], size)
        if not (overlap > SAME).all():
            return False
    return True
