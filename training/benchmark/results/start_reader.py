"""Find, read and check result files of TRE and SRE, which hold several runs each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.problems import Collected
from training.benchmark.results.formats.segments import Segment
from training.benchmark.results.matches import match_files
from training.benchmark.results.result_folders import find_results
from training.benchmark.results.result_reader import MEND, check_benchmark, read_segments
from training.benchmark.scores.starts import SHIFTS, check_spatial, check_temporal
from training.benchmark.sequences.sequence import Benchmark


def read_starts(
    results_dir: Path, tracker: str, benchmark: Benchmark, evaluation: Literal["tre", "sre"]
) -> dict[str, list[Array]] | dict[str, dict[str, Array]]:
    """Runs of TRE (in order) or SRE (by shift) of a tracker, by sequence name, 1-based.

    From `.mat` or jwlim's `.json` files, found as `result_folders.find_results` says; SRE runs without a name are
    taken in the toolkits' order.

    Raises
    ------
    InputError
        Listing every file that is no result: runs too many or too few, or of the wrong length.
    """
    paths, *_ = find_results(results_dir, tracker, benchmark)
    matched = match_files(paths, benchmark)
    where = f"{evaluation.upper()} results of {tracker} in {results_dir}"
    check_benchmark(where, paths, matched.files, benchmark)
    temporal: dict[str, list[Array]] = {}
    spatial: dict[str, dict[str, Array]] = {}
    problems = Collected()
    for name, path in matched.files.items():
        with problems.catching():
            segments = read_segments(path)
            if evaluation == "tre":
                temporal[name] = [segment.boxes for segment in segments]
                check_temporal(benchmark[name], temporal[name])
            else:
                spatial[name] = _by_shift(path, segments)
                check_spatial(benchmark[name], spatial[name])
    for line in matched.doubles:
        problems.add(line, reason="several files")
    problems.check(where, do=MEND)
    return temporal if evaluation == "tre" else spatial


def _by_shift(path: Path, segments: list[Segment]) -> dict[str, Array]:
    if len(segments) > len(SHIFTS):
        raise InputError(
            f"{path} holds {len(segments)} runs, but SRE has {len(SHIFTS)}",
            do="Give the runs of SRE",
            reason="wrong length",
        )
    return {run.shift or shift: run.boxes for run, shift in zip(segments, SHIFTS, strict=False)}
