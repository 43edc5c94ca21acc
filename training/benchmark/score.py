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


def score_benchmark(
    benchmark: Benchmark, results_dir: Path, trackers: Items[str] | None = None, protocol: str = "matlab"
) -> dict[str, Any]:
    """Score the trackers whose results lie in `<results_dir>/<tracker>/`."""
    rules = get_protocol(protocol)
    known = (
        sorted(path.name for path in results_dir.iterdir() if path.is_dir()) if results_dir.is_dir() else []
    )
    scores = {}
    for tracker in trackers if trackers is not None else known:
        if tracker not in known:
            raise unknown_name(f"tracker with results in {results_dir}", tracker, known)
        results = read_results(results_dir / tracker, benchmark)
        present = [sequence for sequence in benchmark.sequences if sequence.name in results]
        if not present:
            raise InputError(
                f"{results_dir / tracker} holds no result of {benchmark.title}", reason="missing results"
            )
        problems = Collected()
        for sequence in present:
            with problems.catching():
                fit_length(sequence.name, results[sequence.name], sequence, rules)
        problems.check(f"{results_dir / tracker}")
        (curves,) = sequence_curves([results], present, rules, absent_rows=benchmark.absent_rows)
        document = score_tracker(benchmark, [sequence.name for sequence in present], curves, rules)
        missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in results]
        scores[tracker] = document | {"missing": missing, "partial": bool(missing or benchmark.missing)}
    return {
        "schema": 1,
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "kind": benchmark.kind,
        "protocol": rules.name,
        "missing": benchmark.missing,
        "partial": benchmark.partial or any(score["partial"] for score in scores.values()),
        "trackers": scores,
    }
