"""Score trackers' result files on a benchmark: one JSON-able document that names its protocol."""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any, Literal

from training.benchmark.finding import list_trackers
from training.benchmark.ope import rules_for, sequence_curves
from training.benchmark.protocols import Protocol
from training.benchmark.records import Benchmark
from training.benchmark.results import (
    TrackerResults,
    read_results,
    read_starts,
    read_unsupervised,
)
from training.benchmark.starts import spatial_curves, temporal_curves
from training.benchmark.summary import score_tracker
from training.benchmark.vot import score_supervised, score_unsupervised


def score_benchmark(
    benchmark: Benchmark,
    results_dir: Path,
    trackers: Items[str] | None = None,
    protocol: str = "matlab",
    *,
    year: str = "vot2016",
    overlap: str = "vot2016",
    bounds: str = "frame-1",
) -> dict[str, Any]:
    """Score trackers on a benchmark from their result files.

    Parameters
    ----------
    benchmark : Benchmark
        OPE needs no images, VOT the frames' size.
    results_dir : Path
        Folder with one folder a tracker; the layouts of other tools are found too (`finding.find_results`).
    trackers : sequence of str or None
        Which of them; None: all that have a folder.
    protocol : str
        `"matlab"`, `"got10k"` or `"pysot"`; for OPE only.
    year, overlap, bounds : str
        VOT only: the year whose interval EAO averages over (unless the benchmark brings its own), and how
        overlap is counted (`overlap.region_overlap`).

    Returns
    -------
    dict
        `schema`, `benchmark`, `title`, `kind`, `protocol` (for VOT the overlap rule), `missing` (sequences
        that the roots lack), `partial`, and `trackers`: for each `overall`, `sequences`, `attributes`
        (OPE) or `tags` (VOT), `missing` (sequences without a result), `partial`, `notes`; for VOT also
        `unsupervised` (None without such results). Numbers as `summary.summary`, `vot.score_supervised` and
        `vot.score_unsupervised` describe them.

    Raises
    ------
    InputError
        For an unknown tracker or protocol (the nearest is suggested), and for damaged results: every
        problem of a folder is listed.
    """
    rules = rules_for(protocol, benchmark)
    names = list_trackers(results_dir, benchmark) if trackers is None else list(trackers)
    scores = {}
    for tracker in names:
        results = read_results(results_dir, tracker, benchmark, rules)
        if benchmark.kind == "vot":
            lengths = benchmark.eao_interval if year == "vot2016" else None
            score = score_runs(benchmark, results, year=year, lengths=lengths, overlap=overlap, bounds=bounds)
            free = read_unsupervised(results_dir, tracker, benchmark)
            present = [s for s in benchmark.sequences if free is not None and s.name in free.runs]
            score["unsupervised"] = (
                None if free is None else score_unsupervised(present, free.runs, rule=overlap, bounds=bounds)
            )
        else:
            score = score_boxes(benchmark, results, rules)
        partial = bool(results.missing or benchmark.missing)
        scores[tracker] = score | {"missing": results.missing, "partial": partial, "notes": results.notes}
    return {
        "schema": 1,
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "kind": benchmark.kind,
        "protocol": overlap if benchmark.kind == "vot" else rules.name,
        "missing": benchmark.missing,
        "partial": benchmark.partial or any(score["partial"] for score in scores.values()),
        "trackers": scores,
    }


def score_starts(
    benchmark: Benchmark,
    results_dir: Path,
    tracker: str,
    evaluation: Literal["tre", "sre"],
    protocol: str = "matlab",
) -> dict[str, Any]:
    """Temporal or spatial robustness (TRE, SRE) of one tracker from its result files.

    Parameters
    ----------
    benchmark : Benchmark
    results_dir, tracker
        See `results.read_starts`.
    evaluation : {"tre", "sre"}
    protocol : str

    Returns
    -------
    dict
        `overall`, `sequences`, `attributes` as `score_benchmark` gives them, `missing`, `partial`,
        `evaluation` and `protocol`.
    """
    rules = rules_for(protocol, benchmark)
    runs: Any = read_starts(results_dir, tracker, benchmark, evaluation)
    present = [sequence for sequence in benchmark.sequences if sequence.name in runs]
    missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in runs]
    curves = (temporal_curves if evaluation == "tre" else spatial_curves)(runs, present, rules)
    scores = score_tracker(benchmark, [sequence.name for sequence in present], curves, rules)
    partial = bool(missing or benchmark.missing)
    return scores | {"missing": missing, "partial": partial, "evaluation": evaluation, "protocol": rules.name}


def score_boxes(
    benchmark: Benchmark, results: TrackerResults, protocol: str | Protocol = "matlab"
) -> dict[str, Any]:
    """One-pass evaluation of results in memory: `overall`, `sequences`, `attributes`."""
    rules = rules_for(protocol, benchmark)
    present = [sequence for sequence in benchmark.sequences if sequence.name in results.boxes]
    curves = sequence_curves(results.boxes, present, rules, absent_rows=benchmark.absent_rows)
    return score_tracker(benchmark, [sequence.name for sequence in present], curves, rules)


def score_runs(
    benchmark: Benchmark,
    results: TrackerResults,
    *,
    year: str = "vot2016",
    lengths: tuple[int, int] | None = None,
    overlap: str = "vot2016",
    bounds: str = "frame-1",
) -> dict[str, Any]:
    """VOT's supervised scores of results in memory: `overall`, `sequences`, `tags`."""
    present = [sequence for sequence in benchmark.sequences if sequence.name in results.runs]
    return score_supervised(present, results.runs, year=year, lengths=lengths, rule=overlap, bounds=bounds)
