"""Score trackers' result files on a benchmark: one JSON-able document that names its protocol."""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

from curation.errors import InputError
from training.benchmark.ope import fit_length, score_tracker, sequence_curves
from training.benchmark.problems import Collected, unknown_name
from training.benchmark.protocols import get_protocol
from training.benchmark.results import read_results
from training.benchmark.sequences import Benchmark
from training.benchmark.trajectories import read_trajectories
from training.benchmark.vot import score_supervised


def score_benchmark(
    benchmark: Benchmark, results_dir: Path, trackers: Items[str] | None = None, protocol: str = "matlab"
) -> dict[str, Any]:
    """Score the trackers whose results lie in `<results_dir>/<tracker>/`."""
    known = (
        sorted(path.name for path in results_dir.iterdir() if path.is_dir()) if results_dir.is_dir() else []
    )
    scores = {}
    for tracker in trackers if trackers is not None else known:
        if tracker not in known:
            raise unknown_name(f"tracker with results in {results_dir}", tracker, known)
        score = _score_vot if benchmark.kind == "vot" else _score_ope
        document, present = score(benchmark, results_dir / tracker, protocol)
        missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in present]
        scores[tracker] = document | {"missing": missing, "partial": bool(missing or benchmark.missing)}
    return {
        "schema": 1,
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "kind": benchmark.kind,
        "protocol": protocol if benchmark.kind == "ope" else "vot2016",
        "missing": benchmark.missing,
        "partial": benchmark.partial or any(score["partial"] for score in scores.values()),
        "trackers": scores,
    }


def _score_ope(benchmark: Benchmark, folder: Path, protocol: str) -> tuple[dict[str, Any], set[str]]:
    rules = get_protocol(protocol)
    results = read_results(folder, benchmark)
    present = [sequence for sequence in benchmark.sequences if sequence.name in results]
    if not present:
        raise InputError(f"{folder} holds no result of {benchmark.title}", reason="missing results")
    problems = Collected()
    for sequence in present:
        with problems.catching():
            fit_length(sequence.name, results[sequence.name], sequence, rules)
    problems.check(f"{folder}")
    (curves,) = sequence_curves([results], present, rules, absent_rows=benchmark.absent_rows)
    names = [sequence.name for sequence in present]
    return score_tracker(benchmark, names, curves, rules), set(names)


def _score_vot(benchmark: Benchmark, folder: Path, _protocol: str) -> tuple[dict[str, Any], set[str]]:
    runs = {sequence.name: read_trajectories(folder, sequence.name) for sequence in benchmark.sequences}
    present = [sequence for sequence in benchmark.sequences if runs[sequence.name]]
    if not present:
        raise InputError(f"{folder} holds no result of {benchmark.title}", reason="missing results")
    return score_supervised(present, runs), {sequence.name for sequence in present}
