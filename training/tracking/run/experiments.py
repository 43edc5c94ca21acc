"""What a contender does on one sequence: one pass, VOT's two experiments, or OTB's many starts (TRE, SRE)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any, Literal

import numpy as np

from curation.digests.checksums import CHANGED
from curation.errors import InputError
from training.benchmark.overlap.regions import box_from_polygon
from training.benchmark.scores.starts import run_spatial, run_temporal
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import REGION
from training.tracking.interface import Box, Frame, Tracker
from training.tracking.run.sequence_run import failure, one_torch_thread, read_frame, track_sequence
from training.tracking.run.supervised_run import run_supervised

Experiment = Literal["ope", "vot", "tre", "sre"]
"""Of a benchmark's `kind`, or `starts` of OTB: temporal (TRE) or spatial (SRE)."""

Make = Callable[[], Tracker]
Read = Callable[[Path], Frame]


def perform(
    experiment: Experiment, make: Make, sequence: Sequence, *, who: str, read: Read = read_frame
) -> dict[str, Any]:
    """Run one experiment on one thread and return its result as JSON values.

    Parameters
    ----------
    experiment : {"ope", "vot", "tre", "sre"}
    make : callable
        Makes the tracker; it is started again for every run.
    sequence : Sequence
        With frames.
    who : str
        Tracker and sequence, for messages.
    read : callable
        Reads an image file: (H, W, 3) uint8 BGR.

    Returns
    -------
    dict
        `seconds`, of every frame run; `boxes`, one pass, N lists `x y w h`, 0-based (`ope`, `vot`); `runs`, of VOT's
        baseline, rows for `Trajectory.from_rows`; `starts`, the boxes of each start, 1-based: a list (`tre`) or a
        dict by shift (`sre`).

    Raises
    ------
    InputError
        If a frame cannot be read or the tracker fails; `who`, the frame and its file are named.
    """
    with one_torch_thread():
        if experiment == "vot":
            return _both(make, sequence, who, read)
        if experiment == "ope":
            return _one_pass(make, sequence, who, read)
        return _starts(experiment, make, sequence, who, read)


def _both(make: Make, sequence: Sequence, who: str, read: Read) -> dict[str, Any]:
    """VOT's two experiments: with restarts after failures, and once without."""
    supervised, free = _supervised(make, sequence, who, read), _one_pass(make, sequence, who, read)
    return {**supervised, "boxes": free["boxes"], "seconds": supervised["seconds"] + free["seconds"]}


def _one_pass(make: Make, sequence: Sequence, who: str, read: Read) -> dict[str, Any]:
    (first,) = box_from_polygon(sequence.ground_truth[:1])
    track = track_sequence(make(), sequence.frames, first, who=who, read=read)
    return {"boxes": track.boxes.tolist(), "seconds": _rounded(track.seconds)}


def _supervised(make: Make, sequence: Sequence, who: str, read: Read) -> dict[str, Any]:
    """VOT's baseline experiment; a row of a run is a code or a box (`Trajectory.from_rows`)."""
    paths: list[Path] = []

    def reader(path: Path) -> Frame:
        paths.append(path)
        return read(path)

    try:
        done = run_supervised(make(), sequence, read=reader)
    except Exception as error:
        if isinstance(error, InputError) and error.reason == CHANGED:
            raise
        at = sequence.frames.index(paths[-1]) if paths else 0
        raise failure(who, at, sequence.frames, error) from error
    runs = [
        [
            region.tolist() if code == REGION else [int(code)]
            for code, region in zip(t.codes, t.regions, strict=True)
        ]
        for t in done.trajectories
    ]
    seconds = np.concatenate([times[times > 0] for times in done.seconds])  # frames that were not run are 0
    return {"runs": runs, "seconds": _rounded(seconds)}


def _starts(
    kind: Literal["tre", "sre"], make: Make, sequence: Sequence, who: str, read: Read
) -> dict[str, Any]:
    tracker = make()
    seconds: list[float] = []

    def track(frames: Items[Path], box: Box) -> np.ndarray:
        run = f"{who} ({kind.upper()}, {len(frames)} frames)"
        done = track_sequence(tracker, frames, box, who=run, read=read)
        seconds.extend(_rounded(done.seconds))
        return done.boxes

    if kind == "tre":
        return {"starts": [boxes.tolist() for boxes in run_temporal(track, sequence)], "seconds": seconds}
    shifted = run_spatial(track, sequence)
    return {"starts": {shift: boxes.tolist() for shift, boxes in shifted.items()}, "seconds": seconds}


def _rounded(seconds: np.ndarray) -> list[float]:
    rounded: list[float] = np.round(seconds, 7).tolist()
    return rounded
