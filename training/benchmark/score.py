"""Score trackers' result files on a benchmark, under a protocol that the scores name."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import replace
from pathlib import Path
from statistics import stdev

from curation.documents.document import Fields
from curation.errors import InputError
from curation.rows import is_own
from training.benchmark.problems import Failures
from training.benchmark.results.result_folders import open_results
from training.benchmark.results.result_reader import (
    TrackerResults,
    has_baseline,
    read_results,
    read_unsupervised,
)
from training.benchmark.results.start_reader import read_starts
from training.benchmark.scores.metric_table import METRICS, adopt_metrics, metrics_of
from training.benchmark.scores.multistart import score_multistart
from training.benchmark.scores.one_pass import Curves, Evaluation, mean_curves, rules_for
from training.benchmark.scores.one_pass_summary import score_tracker, summary
from training.benchmark.scores.protocols import Protocol
from training.benchmark.scores.score_document import Scores, TrackerScores
from training.benchmark.scores.score_file import parse_tracker
from training.benchmark.scores.starts import Starts, start_curves
from training.benchmark.scores.vot_rules import VotRules, rules_of
from training.benchmark.scores.vot_scores import score_supervised, score_unsupervised
from training.benchmark.sequences.anchors import MULTISTART
from training.benchmark.sequences.sequence import Benchmark


def score_benchmark(
    benchmark: Benchmark,
    results_dir: Path,
    trackers: Items[str] | None = None,
    protocol: str = "matlab",
    *,
    vot: VotRules | None = None,
    some: bool = True,
    short: bool = False,
) -> Scores:
    """Score trackers on a benchmark from their result files.

    Parameters
    ----------
    benchmark : Benchmark
        OPE needs no images, VOT the frames' size.
    results_dir : Path
        Folder with one folder a tracker; the layouts of other tools are found too (`result_folders.find_results`).
    trackers : sequence of str or None
        Which of them; None: all that have a folder.
    protocol : str
        `"matlab"`, `"got10k"` or `"pysot"`; for OPE only.
    vot : VotRules or None
        For VOT only; None: the benchmark's own (`vot_rules.rules_of`).
    some : bool
        Whether at least one tracker must be sound.
    short : bool
        Take one-pass results that are shorter than their sequences too; the rest counts as lost, and a note says so.

    Returns
    -------
    Scores
        Numbers as `one_pass_summary.summary`, `vot_scores.score_supervised` and `vot_scores.score_unsupervised`
        describe them. For VOT the protocol is the overlap rule, attributes are tags, and a tracker that ran without
        restarts only has no EAO, accuracy or robustness.

    Raises
    ------
    InputError
        For an unknown protocol or metric of the list (the nearest is suggested), and where no tracker is sound: every
        problem of each is listed. Where some are, the others are in `Scores.unsound`.
    """
    if not benchmark.given_away:
        raise InputError(
            f"only its server has the ground truth of {benchmark.title} and can score it",
            do="Pack the results for the server: submit",
            reason="no truth",
        )
    _own_metrics(benchmark)  # before the work
    rules, vot = replace(rules_for(protocol, benchmark), short=short), vot or rules_of(benchmark)
    if trackers is None:
        results_dir, trackers = open_results(results_dir, benchmark)
    scores = {}
    failures = Failures()
    for tracker in trackers:
        with failures.catching(tracker):
            if benchmark.kind == "vot":
                scores[tracker] = _vot(benchmark, results_dir, tracker, vot)
            else:
                results = read_results(results_dir, tracker, benchmark, rules)
                scores[tracker] = _tracker(benchmark, results, score_boxes(benchmark, results, rules))
    if some and not scores:
        failures.check(f"results in {results_dir}")
    name = vot.overlap if benchmark.kind == "vot" else rules.name
    if benchmark.protocol == MULTISTART:
        name = MULTISTART
    return _document(benchmark, name, scores, unsound=failures.lines)


def _tracker(benchmark: Benchmark, results: TrackerResults, found: Fields) -> TrackerScores:
    """What the scorers found, with what is to be remarked of the results."""
    remarks = {
        "missing": results.missing,
        "partial": bool(results.missing or benchmark.missing),
        "notes": [*found.get("notes", ()), *results.notes],
    }
    return parse_tracker({"tags": {}, "unsupervised": None, **found, **remarks}, benchmark.kind)


def _vot(benchmark: Benchmark, results_dir: Path, tracker: str, rules: VotRules) -> TrackerScores:
    if benchmark.protocol == MULTISTART:
        results = read_results(results_dir, tracker, benchmark)
        present = [sequence for sequence in benchmark.sequences if sequence.name in results.runs]
        return _tracker(benchmark, results, score_multistart(present, results.runs, rules))
    free = read_unsupervised(results_dir, tracker, benchmark)
    found = None if free is None else _unsupervised(benchmark, free, rules)
    if free is not None and found is not None and not has_baseline(results_dir, tracker, benchmark):
        overall = {key: found["overall"][key] for key in ("rule", "bounds", "frames", "sequences")}
        score = {"overall": overall, "sequences": found["sequences"], "unsupervised": found}
        return _tracker(benchmark, free, score)  # no EAO, no accuracy, no robustness
    results = read_results(results_dir, tracker, benchmark)
    scores = _tracker(benchmark, results, {**score_runs(benchmark, results, rules), "unsupervised": found})
    lacking = [] if free is None else [name for name in free.missing if name not in results.missing]
    if not lacking:
        return scores
    note = f"AO lacks {len(lacking)} sequences without unsupervised results: {', '.join(lacking)}"
    return replace(scores, partial=True, notes=(*scores.notes, note))


def _unsupervised(benchmark: Benchmark, free: TrackerResults, rules: VotRules) -> Fields:
    present = [sequence for sequence in benchmark.sequences if sequence.name in free.runs]
    return score_unsupervised(present, free.runs, rules)


def _own_metrics(benchmark: Benchmark) -> tuple[str, ...]:
    """Keys of the metrics that the benchmark's list names; one's own are adopted.

    Raises
    ------
    InputError
        If one is not known, or is not of the benchmark's kind and protocol.
    """
    adopt_metrics(filter(is_own, benchmark.metrics))
    found = [METRICS[name] for name in benchmark.metrics]
    for metric in found:
        if metric.kind != benchmark.kind or metric.only not in ("", benchmark.protocol):
            known = ", ".join(one.key for one in metrics_of(benchmark.kind, protocol=benchmark.protocol))
            raise InputError(
                f"the list of {benchmark.title} names the metric {metric.key}, which is not of its kind and protocol",
                do=f"Name some of {known}",
                reason="bad list",
            )
    return tuple(metric.key for metric in found)


def _document(
    benchmark: Benchmark,
    protocol: str,
    trackers: Mapping[str, TrackerScores],
    evaluation: str = "",
    *,
    unsound: Mapping[str, Items[str]],
) -> Scores:
    return Scores(
        name=benchmark.name,
        title=benchmark.title,
        kind=benchmark.kind,
        protocol=protocol,
        trackers=trackers,
        missing=tuple(benchmark.missing),
        partial=benchmark.partial or any(one.partial for one in trackers.values()),
        own_metrics=_own_metrics(benchmark),
        evaluation=evaluation,
        unsound=unsound,
    )


def score_starts(
    benchmark: Benchmark,
    results_dir: Path,
    trackers: Items[str] | None,
    evaluation: Starts,
    protocol: str = "matlab",
) -> Scores:
    """Score trackers' temporal or spatial robustness (TRE, SRE) from their result files.

    Parameters
    ----------
    benchmark : Benchmark
    results_dir, trackers
        As for `score_benchmark`; `results_dir` may hold folders `TRE/` and `SRE/`.
    evaluation : {"tre", "sre"}
    protocol : str

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        As `score_benchmark`; also if runs are missing.
    """
    rules = rules_for(protocol, benchmark)
    inner = results_dir / evaluation.upper()
    folder = inner if inner.is_dir() else results_dir
    if trackers is None:
        folder, trackers = open_results(folder, benchmark)
    scores = {}
    failures = Failures()
    for tracker in trackers:
        with failures.catching(tracker):
            runs = read_starts(folder, tracker, benchmark, evaluation)
            present = [sequence for sequence in benchmark.sequences if sequence.name in runs]
            missing = [sequence.name for sequence in benchmark.sequences if sequence.name not in runs]
            curves = start_curves(evaluation, runs, present, rules)
            score = score_tracker(benchmark, [sequence.name for sequence in present], curves, rules)
            scores[tracker] = _tracker(benchmark, TrackerResults(missing=missing), score)
    if not scores:
        failures.check(f"results in {folder}")
    return _document(benchmark, rules.name, scores, evaluation, unsound=failures.lines)


def score_boxes(benchmark: Benchmark, results: TrackerResults, protocol: str | Protocol = "matlab") -> Fields:
    """One-pass evaluation of results in memory: `overall`, `sequences`, `attributes`."""
    rules = rules_for(protocol, benchmark)
    present = [sequence for sequence in benchmark.sequences if sequence.name in results.boxes]
    evaluation = Evaluation(present, rules, absent_rows=benchmark.absent_rows)
    runs = [evaluation.curves(boxes) for boxes in (results.boxes, *results.again)]
    scores = score_tracker(benchmark, [sequence.name for sequence in present], mean_curves(runs), rules)
    return {**scores, **({"notes": [_spread(runs, rules)]} if results.again else {})}


def _spread(runs: Items[Curves], rules: Protocol) -> str:
    """A note on the repetitions behind a mean score."""
    headline = metrics_of("ope", protocol=rules.name)[0]
    numbers = [float(str(summary(curves, protocol=rules)[headline.key])) for curves in runs]
    least, most = min(numbers), max(numbers)
    return f"the mean of {len(runs)} runs; {headline.short} {least:.4f} to {most:.4f}, spread {stdev(numbers):.4f}"


def score_runs(
    benchmark: Benchmark,
    results: TrackerResults,
    rules: VotRules | None = None,
) -> Fields:
    """VOT's supervised scores of results in memory: `overall`, `sequences`, `tags`."""
    present = [sequence for sequence in benchmark.sequences if sequence.name in results.runs]
    return score_supervised(present, results.runs, rules or rules_of(benchmark))
