"""Run trackers over a benchmark: in parallel, resumable, the same bytes for any number of jobs.

A finished sequence is kept in a store outside the outputs, under a key made of everything that decides its
result: the tracker's identity, the benchmark's kind, the sequence's content. So a killed run resumes at the
first unfinished sequence, a changed sequence is tracked again alone, and returning to an old configuration
costs nothing. What is kept is sealed, and made again where it is damaged. Times are kept beside the boxes in
the store, but never in the results: they differ from run to run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from curation.crops.store import Records
from curation.cures import remake
from curation.digests.checksums import Record, checksums_folder
from curation.digests.contents import Entry
from curation.digests.reading import Reading
from curation.documents.document import Fields
from curation.documents.manifest_record import Manifest
from curation.errors import InputError
from curation.files import digest, write_bytes
from curation.images.image import AS_STORED, decode_image, load_image
from curation.parallel import Workers, run_in_order
from training.benchmark.problems import FolderError
from training.benchmark.results.formats.text import text_bytes
from training.benchmark.results.result_writer import write_starts
from training.benchmark.scores.starts import SHIFTS, Starts
from training.benchmark.sequences import sequence as benchmarks
from training.benchmark.sequences.anchors import MULTISTART
from training.benchmark.trajectory import Trajectory, write_anchored, write_trajectories
from training.tracking.interface import Frame, Tracker
from training.tracking.run.experiments import Experiment, perform
from training.tracking.run.sequence_run import FAILED, UNPACK
from training.tracking.run.unsealed import believable

RECIPE = 2
"""Number of the rules of `experiments`; raise it when the boxes of a run change for the same tracker."""


READ = "read"
"""Entry of a kept result: the digests on record of what was read. One from before it was compared has none."""


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


_Result = Fields | InputError
"""What `experiments.perform` gives, and whether it is `fresh`; or how a tracker failed."""


@dataclass(frozen=True)
class _Job:
    """One contender on one sequence, with the manifest's records of its files and the key of its result."""

    contender: Contender
    sequence: benchmarks.Sequence
    images: Record
    annotations: Record
    key: str

    @property
    def who(self) -> str:
        return f"{self.contender.name} on {self.sequence.name}"


def run_benchmark(
    benchmark: benchmarks.Benchmark,
    contenders: Sequence[Contender],
    *,
    manifest: Manifest,
    out: Path,
    store: Path,
    state: Path,
    workers: Workers,
    starts: Starts | None = None,
    check: Callable[[], None] = lambda: None,
) -> Fields:
    """Track every sequence of a benchmark with every contender and write the result files.

    Parameters
    ----------
    benchmark : Benchmark
        Sequences with their frames.
    contenders : sequence of Contender
        Trackers; names must differ.
    manifest : Manifest
        Of `curation.manifest.scan_sequences`; its digests decide what is tracked again, and what is read must be
        what they record.
    out : Path
        Folder of results, one folder per contender; what an earlier run left in those folders is removed.
        With `starts`, these folders lie in its `TRE` or `SRE`.
    store : Path
        Folder of finished sequences, not an output of any stage.
    state : Path
        The manifest stage's folder, where it keeps the checksums of the files.
    workers : Workers
        Processes; each computes on one thread, so results do not depend on their number.
    starts : {"tre", "sre"}, optional
        Instead of one pass from the first frame: from 20 frames (TRE) or 12 disturbed first boxes (SRE), of a
        one-pass benchmark. `score.score_starts` reads what is written.
    check : callable
        Called before anything is written, in worker processes too; what it raises ends the run.

    Returns
    -------
    dict
        JSON values that differ between runs: per contender the frames, the seconds spent in the tracker,
        frames per second, sequences tracked now and taken from the store, seconds per frame by sequence.

    Raises
    ------
    InputError
        If names are not unique, the manifest lacks a sequence, a frame cannot be read, or the frames or annotations
        of a sequence are not those on record. If a tracker fails (tracker, sequence and frame are named): all else is
        tracked first. What was finished is kept.
    """
    names = [contender.name for contender in contenders]
    if double := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"{names.count(double[0])} trackers are called {double[0]}",
            do=f"Name one of them in track.trackers: {{path/file.py:Class: {{}}, as: {double[0]}-2}}",
            reason="name taken",
        )
    experiment: Experiment = starts or benchmark.kind
    if benchmark.protocol == MULTISTART:
        experiment = "multistart"
    folder = out / starts.upper() if starts else out
    checksums = checksums_folder(state, benchmark.name)
    jobs = [
        _job(contender, sequence, experiment, _on_record(benchmark, sequence, manifest), checksums)
        for contender in contenders
        for sequence in benchmark.sequences
    ]
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    report: Fields = {
        name: {"frames": 0, "seconds": 0.0, "tracked": 0, "from_store": 0, "sequences": {}} for name in names
    }
    run = partial(_run, experiment=experiment, store=store, check=check)
    records = Records(store / experiment)
    # Looked for here: where every result is kept, no process is started, each of which would load torch.
    waiting = [job for job in jobs if records.find(job.key) is None]
    done = run_in_order(
        run,
        waiting,
        workers=workers,
        label=f"track {benchmark.name}{f' ({starts.upper()})' if starts else ''}",
        unit="sequence",
        size=lambda result: 0 if isinstance(result, InputError) else len(result["seconds"]),
    )
    failed = []
    for job, result in zip(jobs, _merged(jobs, waiting, done, run), strict=True):
        check()
        if isinstance(result, InputError):
            who = f"{job.contender.name} failed"  # the lines of one tracker are a group
            failed.append(InputError(result.what, do=result.do, reason=who))
            continue
        _write(out, job, result, base=benchmark.base)
        entry = report[job.contender.name]
        entry["frames"] += len(result["seconds"])
        entry["seconds"] += sum(result["seconds"])
        entry["tracked" if result["fresh"] else "from_store"] += 1
        entry["sequences"][job.sequence.name] = result["seconds"]
    if failed:
        raise failed[0] if len(failed) == 1 else FolderError(f"track {benchmark.name}", failed)
    for entry in report.values():
        entry["frames_per_second"] = entry["frames"] / max(entry["seconds"], 1e-9)
    return {"schema": 1, "benchmark": benchmark.name, "trackers": report}


def _merged(
    jobs: Sequence[_Job], waiting: Sequence[_Job], done: Iterator[_Result], run: Callable[[_Job], _Result]
) -> Iterator[_Result]:
    """Results of all jobs in order: `done` has those that waited, `run` finds the others."""
    keys = {job.key for job in waiting}
    for job in jobs:
        yield next(done) if job.key in keys else run(job)
    yield from done  # nothing, but for its last line of progress


def _on_record(benchmark: benchmarks.Benchmark, sequence: benchmarks.Sequence, manifest: Manifest) -> Entry:
    content = manifest.entries.get(sequence.name)
    if content is None:
        raise InputError(
            f"the manifest of {benchmark.name} lacks sequence {sequence.name}",
            do=f"Run: {remake('manifest')}",
            reason="stale manifest",
        )
    return content


def _job(
    contender: Contender,
    sequence: benchmarks.Sequence,
    experiment: Experiment,
    content: Entry,
    checksums: Path,
) -> _Job:
    parts = [
        RECIPE,
        contender.identity,
        experiment,
        asdict(content),
        sequence.ground_truth[0].tolist(),
        len(sequence),
    ]
    if experiment in ("tre", "sre"):  # what else decides the starts
        parts += [sequence.first_frame, sequence.omit, sequence.listed_size]
    if experiment == MULTISTART:
        parts += [list(map(asdict, sequence.anchors)), sequence.ground_truth.tolist()]
    return _Job(
        contender,
        sequence,
        Record(f"sequence {sequence.name}", content.images, checksums),
        Record(f"the annotations of sequence {sequence.name}", content.annotations, checksums),
        digest(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)),
    )


def _run(job: _Job, *, experiment: Experiment, store: Path, check: Callable[[], None]) -> _Result:
    """The kept result of a job, or that of doing it, which then is kept."""
    records = Records(store / experiment)
    kept = records.find(job.key)
    if kept is not None:
        return {**kept, "fresh": False}
    unsealed = store / f"{job.key}.json"
    believed = _believed(unsealed, experiment, job.sequence)
    try:
        result = believed or _perform(job, experiment)
    except InputError as error:
        if error.reason != FAILED:
            raise
        return error
    check()
    records.add(job.key, dict(result))
    unsealed.unlink(missing_ok=True)
    return {**result, "fresh": believed is None}


def _believed(path: Path, experiment: Experiment, sequence: benchmarks.Sequence) -> Fields | None:
    """A result that is older than seals, or None."""
    try:
        result = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return result if believable(result, experiment, sequence) else None


def _perform(job: _Job, experiment: Experiment) -> Fields:
    """`experiments.perform` on recorded files: what is read is compared with the record before the result counts."""
    sequence, reading = job.sequence, Reading()

    def read(path: Path) -> Frame:
        content = load_image(path, do=UNPACK)
        reading.note(path, content)
        return decode_image(content, path, AS_STORED, do=UNPACK)

    if sequence.listed_size is None:  # else it would be read from the first frame apart from this
        height, width = read(sequence.frames[0]).shape[:2]
        sequence = replace(sequence, listed_size=(width, height))
    result = perform(experiment, job.contender.make, sequence, who=job.who, read=read)
    for path in sequence.frames:
        if path not in reading:
            reading.note(path, load_image(path, do=UNPACK))
    reading.check(sequence.frames, job.images)
    sequence.reading.check(sequence.annotation_files, job.annotations)
    return {**result, READ: [job.images.digest, job.annotations.digest]}


def _write(out: Path, job: _Job, result: Mapping[str, Any], *, base: int) -> None:
    name, folder = job.sequence.name, out / job.contender.name
    if "starts" in result:
        found, spatial = result["starts"], isinstance(result["starts"], dict)
        runs = [np.array(boxes) for boxes in (map(found.get, SHIFTS) if spatial else found)]
        evaluation: Starts = "sre" if spatial else "tre"
        write_starts(out, job.contender.name, job.sequence, evaluation, runs, form="jwlim")
        return
    if "anchored" in result:
        found = {int(frame): np.array(boxes) for frame, boxes in result["anchored"].items()}
        write_anchored(folder, name, {frame: Trajectory.from_boxes(boxes) for frame, boxes in found.items()})
        return
    if "runs" in result:
        write_trajectories(folder, name, [Trajectory.from_rows(rows) for rows in result["runs"]])
        free = Trajectory.from_boxes(np.array(result["boxes"]))
        write_trajectories(folder, name, [free], experiment="unsupervised")
        return
    boxes = benchmarks.to_base(np.array(result["boxes"]), 0, base)
    write_bytes(folder / f"{name}.txt", text_bytes(boxes))
