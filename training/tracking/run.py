"""Trackers over the sequences of a benchmark: in parallel, resumable, the same bytes for any number of jobs.

A finished sequence is kept in a store outside the outputs, under a key made of everything that decides its
result: the tracker's identity, the benchmark's kind, the sequence's content. So a killed run resumes at the
first unfinished sequence, a changed sequence is tracked again alone, and returning to an old configuration
costs nothing. Times are kept beside the boxes in the store, but never in the results: they differ from run to
run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from curation.errors import InputError
from curation.files import digest, read_json, write_bytes, write_json
from curation.parallel import Workers, run_in_order
from training.benchmark import sequences as benchmarks
from training.benchmark.regions import box_from_polygon
from training.benchmark.supervised import run_supervised
from training.benchmark.trajectories import REGION, Trajectory, write_trajectories
from training.tracking.interface import Frame, Tracker
from training.tracking.sequence import failure, one_torch_thread, read_frame, track_sequence

RECIPE = 2
"""Number of the rules in this module; raise it when the boxes of a run change for the same tracker."""


@dataclass(frozen=True)
class Contender:
    """A tracker that takes part in a run.

    Parameters
    ----------
    name : str
        Folder of its results.
    make : callable
        Makes the tracker; picklable, called once per sequence in a worker process.
    identity : str
        Digest of all that decides its boxes: recipe, configuration, weights.
    """

    name: str
    make: Callable[[], Tracker]
    identity: str


@dataclass(frozen=True)
class _Job:
    """One contender on one sequence, and where its result is kept."""

    contender: Contender
    sequence: benchmarks.Sequence
    kept: Path

    @property
    def who(self) -> str:
        return f"{self.contender.name} on {self.sequence.name}"


def run_benchmark(
    benchmark: benchmarks.Benchmark,
    contenders: Sequence[Contender],
    *,
    manifest: Mapping[str, Any],
    out: Path,
    store: Path,
    workers: Workers,
) -> dict[str, Any]:
    """Track every sequence of a benchmark with every contender and write the result files.

    Parameters
    ----------
    benchmark : Benchmark
        Sequences with their frames.
    contenders : sequence of Contender
        Trackers; names must differ.
    manifest : mapping
        Of `curation.manifest.scan_sequences`; its digests decide what is tracked again.
    out : Path
        Folder of results, one folder per contender; what an earlier run left in those folders is removed.
    store : Path
        Folder of finished sequences, not an output of any stage.
    workers : Workers
        Processes; each computes on one thread, so results do not depend on their number.

    Returns
    -------
    dict
        JSON values that differ between runs: per contender the frames, the seconds spent in the tracker,
        frames per second, sequences tracked now and taken from the store, seconds per frame by sequence.

    Raises
    ------
    InputError
        If names are not unique, the manifest lacks a sequence, a frame cannot be read, or a tracker fails
        (naming tracker, sequence, frame). Sequences finished before are kept.
    """
    names = [contender.name for contender in contenders]
    if len(set(names)) != len(names):
        raise InputError(f"trackers must have different names, found {', '.join(names)}")
    jobs = [
        _Job(contender, sequence, store / f"{_key(contender, benchmark, sequence, manifest)}.json")
        for contender in contenders
        for sequence in benchmark.sequences
    ]
    for name in names:
        shutil.rmtree(out / name, ignore_errors=True)
        (out / name).mkdir(parents=True)
    report: dict[str, Any] = {
        name: {"frames": 0, "seconds": 0.0, "tracked": 0, "from_store": 0, "sequences": {}} for name in names
    }
    done = run_in_order(
        partial(_run, kind=benchmark.kind),
        jobs,
        workers=workers,
        label=f"track {benchmark.name}",
        unit="sequence",
        size=lambda result: len(result["seconds"]),
    )
    for job, result in zip(jobs, done, strict=True):
        _write(out / job.contender.name, job.sequence, result, base=benchmark.base)
        entry = report[job.contender.name]
        entry["frames"] += len(result["seconds"])
        entry["seconds"] += sum(result["seconds"])
        entry["tracked" if result["fresh"] else "from_store"] += 1
        entry["sequences"][job.sequence.name] = result["seconds"]
    for entry in report.values():
        entry["frames_per_second"] = entry["frames"] / max(entry["seconds"], 1e-9)
    return {"schema": 1, "benchmark": benchmark.name, "trackers": report}


def _key(
    contender: Contender,
    benchmark: benchmarks.Benchmark,
    sequence: benchmarks.Sequence,
    manifest: Mapping[str, Any],
) -> str:
    content = manifest.get("sequences", {}).get(sequence.name)
    if content is None:
        raise InputError(
            f"the manifest of {benchmark.name} lacks sequence {sequence.name}",
            do="Run: dvc repro manifest",
            reason="stale manifest",
        )
    parts = [
        RECIPE,
        contender.identity,
        benchmark.kind,
        content,
        sequence.ground_truth[0].tolist(),
        len(sequence),
    ]
    return digest(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))


def _run(job: _Job, *, kind: str) -> dict[str, Any]:
    """The job's result as JSON values: `boxes`, for VOT also supervised `runs`, and `seconds` of every frame run."""
    if job.kept.exists():
        return {**read_json(job.kept, made_by="track"), "fresh": False}
    with one_torch_thread():
        result = _both(job) if kind == "vot" else _one_pass(job)
    write_json(job.kept, result, indent=False)
    return {**result, "fresh": True}


def _both(job: _Job) -> dict[str, Any]:
    """VOT's two experiments: with restarts after failures, and once without."""
    supervised, free = _supervised(job), _one_pass(job)
    return {**supervised, "boxes": free["boxes"], "seconds": supervised["seconds"] + free["seconds"]}


def _one_pass(job: _Job) -> dict[str, Any]:
    (first,) = box_from_polygon(job.sequence.ground_truth[:1])
    track = track_sequence(job.contender.make(), job.sequence.frames, first, who=job.who)
    return {"boxes": track.boxes.tolist(), "seconds": np.round(track.seconds, 7).tolist()}


def _supervised(job: _Job) -> dict[str, Any]:
    """VOT's baseline experiment; a row of a run is a code or a box (`Trajectory.from_rows`)."""
    read: list[Path] = []

    def reader(path: Path) -> Frame:
        read.append(path)
        return read_frame(path)

    try:
        done = run_supervised(job.contender.make(), job.sequence, read=reader)
    except Exception as error:
        at = job.sequence.frames.index(read[-1]) if read else 0
        raise failure(job.who, at, job.sequence.frames, error) from error
    runs = [
        [
            region.tolist() if code == REGION else [int(code)]
            for code, region in zip(t.codes, t.regions, strict=True)
        ]
        for t in done.trajectories
    ]
    seconds = np.concatenate([times[times > 0] for times in done.seconds])  # frames that were not run are 0
    return {"runs": runs, "seconds": np.round(seconds, 7).tolist()}


def _write(folder: Path, sequence: benchmarks.Sequence, result: Mapping[str, Any], *, base: int) -> None:
    if "runs" in result:
        write_trajectories(folder, sequence.name, [Trajectory.from_rows(rows) for rows in result["runs"]])
        free = Trajectory.from_boxes(np.array(result["boxes"]))
        write_trajectories(folder, sequence.name, [free], experiment="unsupervised")
        return
    boxes = benchmarks.to_base(np.array(result["boxes"]), 0, base)
    lines = [",".join(f"{value:.4f}" for value in box) for box in boxes]
    write_bytes(folder / f"{sequence.name}.txt", ("\n".join(lines) + "\n").encode())
