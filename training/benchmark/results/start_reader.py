"""Find, read and check result files of TRE and SRE, which hold several runs each."""

from __future__ import annotations

from pathlib import Path

from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.problems import Collected
from training.benchmark.results.formats.segments import Segment
from training.benchmark.results.matches import match_files
from training.benchmark.results.result_folders import find_results
from training.benchmark.results.result_reader import MEND, check_benchmark, read_segments
from training.benchmark.scores.starts import SHIFTS, Starts, check_runs
from training.benchmark.sequences.sequence import Benchmark


def read_starts(
    results_dir: Path, tracker: str, benchmark: Benchmark, evaluation: Starts
) -> dict[str, list[Array]]:
    """Runs of TRE or SRE of a tracker, in the order of `starts.first_boxes`, by sequence name, 1-based.

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
    found: dict[str, list[Array]] = {}
    problems = Collected()
    for name, path in matched.files.items():
        with problems.catching():
            segments = read_segments(path)
            if evaluation == "sre":
                segments = _in_order(name, segments)
            found[name] = [segment.boxes for segment in segments]
            check_runs(evaluation, benchmark[name], found[name])
    for line in matched.doubles:
        problems.add(line, reason="several files")
    problems.check(where, do=MEND)
    return found


def _in_order(name: str, segments: list[Segment]) -> list[Segment]:
    """SRE's runs in the order of `SHIFTS`; what is there too often stays for `check_runs`."""
    named = {run.shift or shift: run for run, shift in zip(segments, SHIFTS, strict=False)}
    if missing := [shift for shift in SHIFTS if shift not in named]:
        raise InputError(
            f"{name}: SRE lacks the runs {', '.join(missing)}", do="Give all twelve", reason="missing results"
        )
    return [named[shift] for shift in SHIFTS] + segments[len(SHIFTS) :]
