"""Result files of one tracker on one benchmark, whoever wrote them: found, read and checked together."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.finding import find_results
from training.benchmark.formats.jwlim import read_json
from training.benchmark.formats.matching import likely_benchmark, match_files, misspelt
from training.benchmark.formats.matlab import read_mat
from training.benchmark.formats.segments import Segment
from training.benchmark.formats.text import read_boxes
from training.benchmark.oddities import odd_regions, odd_rows
from training.benchmark.ope import fit_length, rules_for
from training.benchmark.problems import Collected
from training.benchmark.protocols import Protocol
from training.benchmark.records import Benchmark
from training.benchmark.starts import SHIFTS
from training.benchmark.trajectories import Trajectory, read_trajectories
from training.benchmark.vot import check_lengths

Array = NDArray[np.float64]

MEND = "Mend these files, or take them away: a score without them is marked partial"


@dataclass(frozen=True, eq=False)
class TrackerResults:
    """Results of one tracker.

    Attributes
    ----------
    boxes : dict of (N, 4) float64
        By sequence name, `x y w h` in the benchmark's file coordinates (OPE).
    runs : dict of list of Trajectory
        By sequence name (VOT).
    missing : list of str
        Sequences of the benchmark without a result.
    notes : list of str
        Remarks that change no score by themselves: boxes without size or all NaN, files that were left aside.
    """

    boxes: dict[str, Array] = field(default_factory=dict)
    runs: dict[str, list[Trajectory]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_segments(path: Path) -> list[Segment]:
    """All runs in a file (`.mat` and `.json` may hold many, for TRE and SRE)."""
    if path.suffix == ".mat":
        return read_mat(path)
    if path.suffix == ".json":
        return read_json(path)
    return [Segment(read_boxes(path))]


def _one_run(path: Path) -> Array:
    segments = read_segments(path)
    if len(segments) != 1:
        raise InputError(
            f"{path} holds {len(segments)} runs (TRE or SRE)", do="Score them as such", reason="bad format"
        )
    return segments[0].boxes


def read_results(
    results_dir: Path, tracker: str, benchmark: Benchmark, protocol: str | Protocol = "matlab"
) -> TrackerResults:
    """Read and check all results of a tracker.

    Parameters
    ----------
    results_dir : Path
        See `finding.find_results`.
    tracker : str
    benchmark : Benchmark
    protocol : str or Protocol
        Decides how long a result must be.

    Raises
    ------
    InputError
        Listing every problem of the folder at once: rows that are not four numbers, results of the wrong
        length (both are named), misspelt names; or none at all of this benchmark.
    """
    rules = rules_for(protocol, benchmark)
    paths = find_results(results_dir, tracker, benchmark)
    if benchmark.kind == "vot":
        return _read_vot(paths[0], benchmark)
    matched = match_files(paths, benchmark)
    where = f"results of {tracker} in {results_dir}"
    _check_benchmark(where, paths, len(matched.files), benchmark)
    boxes: dict[str, Array] = {}
    problems = Collected()
    for sequence in benchmark.sequences:
        if sequence.name in matched.files:
            path = matched.files[sequence.name]
            with problems.catching():
                boxes[sequence.name] = _one_run(path)
                fit_length(path.name, boxes[sequence.name], sequence, rules)
                _check_numbers(path, boxes[sequence.name])
    for line in misspelt(matched, benchmark):
        problems.add(line)
    problems.check(where, do=MEND)
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in boxes]
    return TrackerResults(boxes=boxes, missing=missing, notes=odd_rows(boxes))


def _check_benchmark(where: str, paths: Items[Path], found: int, benchmark: Benchmark) -> None:
    """Raise `InputError` if no file is of this benchmark, or more are of one that shares some names."""
    if found == len(paths) and found:
        return
    guess = likely_benchmark(paths)
    foreign = guess is not None and guess[2] > found and guess[0][:3] != benchmark.name[:3]
    if found and not foreign:
        return
    some = f"of {len(paths)} files {f'only {found} ' if found else 'none '}belongs to {benchmark.title}"
    like = f"; they look like results of {guess[1]}" if guess is not None else ""
    raise InputError(
        f"{where}: {some}{like}", do="Name the right folder or benchmark", reason="foreign results"
    )


def _check_numbers(path: Path, boxes: Array) -> None:
    bad = ~np.isfinite(boxes).all(axis=1) & ~np.isnan(boxes).all(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{path.name}, line {row + 1}: {boxes[row].tolist()} is no box ({int(bad.sum())} such rows)",
            do="All four numbers may be NaN (lost), or none",
            reason="bad row",
        )


def _read_vot(folder: Path, benchmark: Benchmark, experiment: str = "baseline") -> TrackerResults:
    runs: dict[str, list[Trajectory]] = {}
    problems = Collected()
    for sequence in benchmark.sequences:
        with problems.catching():
            found = read_trajectories(folder, sequence.name, experiment=experiment)
            if found:
                check_lengths(sequence, found)
                runs[sequence.name] = found
    problems.check(f"{experiment} results of {folder.name} in {folder.parent}", do=MEND)
    if not runs:
        raise InputError(
            f"{folder} holds no {experiment} result of {benchmark.title}",
            do=f"Expected {folder.name}/{experiment}/<sequence>/<sequence>_001.txt",
            reason="foreign results",
        )
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in runs]
    return TrackerResults(runs=runs, missing=missing, notes=odd_regions(benchmark.sequences, runs))


def read_starts(
    results_dir: Path, tracker: str, benchmark: Benchmark, evaluation: Literal["tre", "sre"]
) -> dict[str, list[Array]] | dict[str, dict[str, Array]]:
    """Runs of TRE (in order) or SRE (by shift) of a tracker, by sequence name, 1-based.

    From `.mat` or jwlim's `.json` files, found as `finding.find_results` says or below `TRE/` and `SRE/`; SRE
    runs without a name are taken in the toolkits' order.

    Raises
    ------
    InputError
        Listing every file that is no result.
    """
    inner = results_dir / evaluation.upper()
    matched = match_files(
        find_results(inner if inner.is_dir() else results_dir, tracker, benchmark), benchmark
    )
    segments: dict[str, list[Segment]] = {}
    problems = Collected()
    for name, path in matched.files.items():
        with problems.catching():
            segments[name] = read_segments(path)
    problems.check(f"{evaluation.upper()} results of {tracker} in {results_dir}", do=MEND)
    if evaluation == "tre":
        return {name: [run.boxes for run in runs] for name, runs in segments.items()}
    return {
        name: {run.shift or shift: run.boxes for run, shift in zip(runs, SHIFTS, strict=False)}
        for name, runs in segments.items()
    }


def read_unsupervised(results_dir: Path, tracker: str, benchmark: Benchmark) -> TrackerResults | None:
    """Runs without restarts (`<tracker>/unsupervised/`), or None if the tracker has none."""
    (folder,) = find_results(results_dir, tracker, benchmark)
    return _read_vot(folder, benchmark, "unsupervised") if (folder / "unsupervised").is_dir() else None
