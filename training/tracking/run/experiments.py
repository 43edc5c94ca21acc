"""The experiments on one sequence: one pass, VOT's two experiments, or OTB's starts (TRE, SRE)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from curation.documents.document import Fields
from training.benchmark.overlap.regions import box_from_polygon
from training.benchmark.scores.starts import SHIFTS, Starts, first_boxes
from training.benchmark.sequences.sequence import Sequence, to_base
from training.benchmark.trajectory import REGION
from training.device import one_torch_thread
from training.tracking.interface import Frame, Tracker
from training.tracking.run.sequence_run import read_frame, track_sequence
from training.tracking.run.supervised_run import run_supervised

Experiment = Literal["ope", "vot", "tre", "sre", "multistart"]
"""Of a benchmark's `kind`; `starts` of OTB: temporal (TRE) or spatial (SRE); from the anchors of VOT2020 to 2022."""

Make = Callable[[], Tracker]
Read = Callable[[Path], Frame]


def perform(
    experiment: Experiment, make: Make, sequence: Sequence, *, who: str, read: Read = read_frame
) -> Fields:
    """Run one experiment on one thread and return its result as JSON values.

    Parameters
    ----------
    experiment : {"ope", "vot", "tre", "sre", "multistart"}
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
        As it is kept: `seconds`, of every frame run; `boxes`, one pass, N lists `x y w h`, 0-based (`ope`, `vot`);
        `runs`, of VOT's baseline, rows for `Trajectory.from_rows`; `starts`, the boxes of each run in the base of the
        benchmark's files: a list (`tre`) or a dict by shift (`sre`); `anchored`, as `boxes`, each run by the frame of
        its anchor (`multistart`).

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
        if experiment == "multistart":
            return _multistart(make, sequence, who, read)
        return _starts(experiment, make, sequence, who, read)


def _both(make: Make, sequence: Sequence, who: str, read: Read) -> Fields:
    """VOT's two experiments: with restarts after failures, and once without."""
    supervised, free = _supervised(make, sequence, who, read), _one_pass(make, sequence, who, read)
    return {**supervised, "boxes": free["boxes"], "seconds": supervised["seconds"] + free["seconds"]}


def _one_pass(make: Make, sequence: Sequence, who: str, read: Read) -> Fields:
    (first,) = box_from_polygon(sequence.ground_truth[:1])
    track = track_sequence(make(), sequence.frames, first, who=who, read=read)
    return {"boxes": track.boxes.tolist(), "seconds": _rounded(track.seconds)}


def _supervised(make: Make, sequence: Sequence, who: str, read: Read) -> Fields:
    """VOT's baseline experiment; a row of a run is a code or a box (`Trajectory.from_rows`)."""
    done = run_supervised(make(), sequence, who=who, read=read)
    runs = [
        [
            region.tolist() if code == REGION else [int(code)]
            for code, region in zip(t.codes, t.regions, strict=True)
        ]
        for t in done.trajectories
    ]
    seconds = np.concatenate([times[times > 0] for times in done.seconds])  # frames that were not run are 0
    return {"runs": runs, "seconds": _rounded(seconds)}


def _starts(kind: Starts, make: Make, sequence: Sequence, who: str, read: Read) -> Fields:
    tracker, runs, seconds = make(), [], []
    for row, box in first_boxes(kind, sequence):
        frames = sequence.frames[row:]
        run = f"{who} ({kind.upper()}, {len(frames)} frames)"
        done = track_sequence(tracker, frames, box, who=run, read=read)
        runs.append(to_base(done.boxes, 0, sequence.base).tolist())
        seconds += _rounded(done.seconds)
    starts = runs if kind == "tre" else dict(zip(SHIFTS, runs, strict=True))
    return {"starts": starts, "seconds": seconds}


def _multistart(make: Make, sequence: Sequence, who: str, read: Read) -> Fields:
    """VOT's runs from every anchor, without restarts; on the box around a polygon, as the toolkit gives it by TraX."""
    starts = box_from_polygon(sequence.ground_truth, "minmax")
    tracker, anchored, seconds = make(), {}, []
    for anchor in sequence.anchors:
        frames = [sequence.frames[row] for row in anchor.rows(len(sequence))]
        way = "backwards" if anchor.backwards else "forwards"
        run = f"{who} (from frame {anchor.frame + 1} {way})"
        done = track_sequence(tracker, frames, starts[anchor.frame], who=run, read=read)
        anchored[str(anchor.frame)] = done.boxes.tolist()
        seconds += _rounded(done.seconds)
    return {"anchored": anchored, "seconds": seconds}


def _rounded(seconds: np.ndarray) -> list[float]:
    rounded: list[float] = np.round(seconds, 7).tolist()
    return rounded
