"""Results older than seals: trusted if they have the form of the run.

Such a result has no digest, so this is a rule about its form: a row for every frame, finite numbers, every run
started on the very box that it is given, restarts where the rules put them, no box that should have been a
failure. What it cannot see is a box that was altered into another possible one, and an altered time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curation.documents.document import Fields
from training.benchmark.arrays import Array
from training.benchmark.overlap.regions import box_from_polygon
from training.benchmark.scores.eao import SKIP
from training.benchmark.scores.starts import SHIFTS, Starts, first_boxes
from training.benchmark.sequences.sequence import Sequence, to_base
from training.benchmark.trajectory import FAILURE, REGION, START, UNKNOWN, Trajectory
from training.tracking.run.experiments import Experiment
from training.tracking.run.supervised_run import failed


def believable(result: Any, experiment: Experiment, sequence: Sequence) -> bool:
    """Whether a result without a seal can be one of `experiments.perform` on the sequence."""
    if not isinstance(result, dict):
        return False
    rules: dict[str, Callable[[Fields, Sequence], int]] = {
        "ope": _free_run,
        "vot": _both,
        "tre": _temporal,
        "sre": _spatial,
    }
    try:
        timed = rules[experiment](result, sequence)  # of later experiments all are sealed
        seconds = _numbers(result["seconds"], 1)
        return len(seconds) == timed and bool((seconds >= 0).all())
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return False


def _free_run(result: Fields, sequence: Sequence) -> int:
    """Number of timed frames; raises `ValueError` for another form, as all functions here do."""
    return _run(result["boxes"], box_from_polygon(sequence.ground_truth[:1])[0], len(sequence))


def _both(result: Fields, sequence: Sequence) -> int:
    runs = result["runs"]
    if not isinstance(runs, list) or not runs:
        raise ValueError
    return sum(_supervised(rows, sequence) for rows in runs) + _free_run(result, sequence)


def _temporal(result: Fields, sequence: Sequence) -> int:
    return _from_starts(result["starts"], "tre", sequence)


def _spatial(result: Fields, sequence: Sequence) -> int:
    starts = result["starts"]
    if not isinstance(starts, dict) or starts.keys() != set(SHIFTS):
        raise ValueError
    return _from_starts([starts[shift] for shift in SHIFTS], "sre", sequence)


def _from_starts(runs: Any, evaluation: Starts, sequence: Sequence) -> int:
    return sum(
        _run(boxes, to_base(box[None], 0, sequence.base)[0], len(sequence) - row)
        for (row, box), boxes in zip(first_boxes(evaluation, sequence), runs, strict=True)
    )


def _run(boxes: Any, first: Array, frames: int) -> int:
    found = _numbers(boxes, 2)
    if found.shape != (frames, 4) or not (found[0] == first).all():
        raise ValueError
    return frames


def _supervised(rows: Any, sequence: Sequence) -> int:
    if not isinstance(rows, list) or len(rows) != len(sequence):
        raise ValueError
    for row in rows:
        if len(_numbers(row, 1)) not in (1, 4):
            raise ValueError
    run = Trajectory.from_rows(rows)
    timed, start = 0, 0
    for frame, code in enumerate(run.codes.tolist()):
        if frame < start:
            expected: tuple[int, ...] = (UNKNOWN,)
        else:
            expected = (START,) if frame == start else (REGION, FAILURE)
            timed += 1
        if code not in expected:
            raise ValueError
        if code == FAILURE:
            start = frame + SKIP
        if code == REGION and failed(run.regions[frame], sequence.ground_truth[frame], sequence.size):
            raise ValueError
    return timed


def _numbers(value: Any, dimensions: int) -> Array:
    """Lists of finite numbers as float64; text and truth values are no numbers."""
    inner = value if dimensions == 1 else [number for row in value for number in row]
    if not all(type(number) in (int, float) for number in inner):
        raise ValueError
    found = np.array(value, dtype=np.float64)
    if found.ndim != dimensions or not np.isfinite(found).all():
        raise ValueError
    return found
