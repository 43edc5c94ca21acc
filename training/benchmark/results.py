"""Result files of one tracker on one benchmark, whoever wrote them: found, read and checked together."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.errors import InputError
from training.benchmark.formats.jwlim import read_json
from training.benchmark.formats.matching import likely_benchmark, match_files, misspelt, result_files
from training.benchmark.formats.matlab import read_mat
from training.benchmark.formats.segments import Segment
from training.benchmark.formats.text import read_boxes
from training.benchmark.oddities import odd_regions, odd_rows
from training.benchmark.ope import fit_length, rules_for
from training.benchmark.problems import Collected, unknown_name
from training.benchmark.protocols import Protocol
from training.benchmark.records import Benchmark
from training.benchmark.trajectories import Trajectory, read_trajectories
from training.benchmark.vot import check_lengths

Array = NDArray[np.float64]

GOT10K_FOLDERS = {
    "otb2013": "OTB2013",
    "otb50": "OTBtb50",
    "otb2015": "OTB2015",
    "tc128": "TColor128",
    "uav123": "UAV123",
    "vot2016": "VOT2016",
}
"""Folder of a benchmark's results under got10k's `results/`."""
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


def _bases(results_dir: Path, benchmark: Benchmark) -> list[Path]:
    """Folders that may hold trackers' folders, the most particular first."""
    inner = GOT10K_FOLDERS.get(benchmark.name, benchmark.name)
    homes = [results_dir, results_dir / "results"]
    bases = [home / name for home in homes for name in (inner, "OPE")] + homes[::-1]
    return [base for base in bases if base.is_dir()]


def list_trackers(results_dir: Path, benchmark: Benchmark) -> list[str]:
    """Names of the trackers with a folder of results in `results_dir`, sorted.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    bases = _bases(results_dir, benchmark)
    if not bases:
        raise InputError(
            f"there is no results folder {results_dir}", do="Run the trackers first", reason="missing results"
        )
    return sorted(path.name for path in bases[0].iterdir() if path.is_dir() and not path.name.startswith("."))


def find_results(results_dir: Path, tracker: str, benchmark: Benchmark) -> list[Path]:
    """Result files of a tracker; or for VOT its folder alone.

    `<results_dir>/<tracker>/` (ours, pysot), `<dataset>/<tracker>/` (got10k), `OPE/<tracker>/` (jwlim), all
    three also below `results/`; a single parameter folder in it (pytracking); or files `*_<tracker>.*` side
    by side (MATLAB).

    Raises
    ------
    InputError
        If there is none, with the nearest tracker's name.
    """
    for base in _bases(results_dir, benchmark):
        folder = base / tracker
        if folder.is_dir() and benchmark.kind == "vot":
            return [folder]
        if folder.is_dir():
            return _files(folder, tracker)
        flat = [path for path in result_files(base) if path.stem.lower().endswith(f"_{tracker.lower()}")]
        if flat:
            return flat
    raise unknown_name(
        f"tracker with results in {results_dir}", tracker, list_trackers(results_dir, benchmark)
    )


def _files(folder: Path, tracker: str) -> list[Path]:
    files = result_files(folder)
    if files:
        return files
    inner = {
        path.name: found
        for path in sorted(folder.iterdir())
        if path.is_dir() and (found := result_files(path))
    }
    if len(inner) > 1:
        names = ", ".join(f"{tracker}/{name}" for name in inner)
        raise InputError(f"{folder} holds several runs: {names}", do="Name one of them", reason="ambiguous")
    return next(iter(inner.values()), [])


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
        See `find_results`.
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


def read_unsupervised(results_dir: Path, tracker: str, benchmark: Benchmark) -> TrackerResults | None:
    """Runs without restarts (`<tracker>/unsupervised/`), or None if the tracker has none."""
    (folder,) = find_results(results_dir, tracker, benchmark)
    return _read_vot(folder, benchmark, "unsupervised") if (folder / "unsupervised").is_dir() else None
