"""Scores of VOT's supervised and unsupervised experiments."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.documents.document import Fields
from curation.errors import InputError
from training.benchmark.arrays import Array
from training.benchmark.overlap.rules import region_overlap
from training.benchmark.problems import Collected
from training.benchmark.scores.accuracy import (
    Runs,
    accuracy_robustness,
    frame_accuracy,
    mean_failures,
    pooled,
)
from training.benchmark.scores.eao import (
    EAO_SUMS,
    EaoRules,
    Run,
    expected_average_overlap,
    expected_overlap_curve,
    overlap_sums,
)
from training.benchmark.scores.metric_table import metrics_of
from training.benchmark.scores.vot_rules import VOT2016, VotRules
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import Trajectory


def check_lengths(sequence: Sequence, trajectories: Items[Trajectory]) -> None:
    """Raise `InputError`, naming both lengths, unless every run has a row for every frame."""
    for repetition, trajectory in enumerate(trajectories, start=1):
        if len(trajectory) != len(sequence):
            raise InputError(
                f"{sequence.name}, run {repetition}: {len(trajectory)} rows, but {len(sequence)} frames",
                do="Give the complete result: rows are never cut or added silently",
                reason="wrong length",
            )


def measure_runs(
    sequences: Items[Sequence],
    trajectories: Mapping[str, Items[Trajectory]],
    rules: VotRules = VOT2016,
) -> list[Runs]:
    """Overlaps of all runs on all sequences, computed together.

    Parameters
    ----------
    sequences : sequence of Sequence
    trajectories : mapping
        Runs of each sequence, by name.
    rules : VotRules
        How overlap is counted.

    Raises
    ------
    InputError
        Listing every run whose length is not its sequence's.
    """
    problems = Collected()
    for sequence in sequences:
        with problems.catching():
            check_lengths(sequence, trajectories[sequence.name])
    problems.check("VOT results")
    regions, truths, sizes = [], [], []
    for sequence in sequences:
        for trajectory in trajectories[sequence.name]:
            regions.append(trajectory.regions)
            truths.append(sequence.ground_truth)
            sizes.append(np.broadcast_to(np.array(sequence.size), (len(sequence), 2)))
    values = region_overlap(
        _stack(regions), _stack(truths), np.concatenate(sizes), rules.overlap, rules.bounds
    )
    runs, at = [], 0
    for sequence in sequences:
        count = len(trajectories[sequence.name])
        block = values[at : at + count * len(sequence)].reshape(count, len(sequence))
        at += block.size
        runs.append(Runs(list(trajectories[sequence.name]), block))
    return runs


def _stack(regions: Items[Array]) -> Array:
    width = max(region.shape[1] for region in regions)
    stacked = np.full((sum(len(region) for region in regions), width), np.nan)
    at = 0
    for region in regions:
        stacked[at : at + len(region), : region.shape[1]] = region
        at += len(region)
    return stacked


def score_supervised(
    sequences: Items[Sequence],
    trajectories: Mapping[str, Items[Trajectory]],
    rules: VotRules = VOT2016,
) -> Fields:
    """EAO, accuracy, robustness of one tracker, overall, per tag and per sequence.

    Parameters
    ----------
    sequences : sequence of Sequence
    trajectories : mapping
        Runs of each sequence, by name.
    rules : VotRules

    Returns
    -------
    dict
        `overall`: `eao`, `eao_curve` (value k is for length k + 1), `interval`, `eao_rules`, `rule`,
        `bounds`, and what
        `accuracy.accuracy_robustness` gives. `tags`: per tag `eao`, `accuracy`, `failures`, `frames`.
        `sequences`: per sequence `accuracy`, `failures`, `frames`, `repetitions`, and `curves` with the sums behind
        EAO over the lengths of `interval` (`eao.overlap_sums`), for `comparison.bootstrap_eao`.
    """
    low, high = rules.interval
    runs = measure_runs(sequences, trajectories, rules)
    tags = [sequence.tags for sequence in sequences]
    overall = accuracy_robustness(runs, tags)
    by_tag: Any = overall.pop("tags")
    curve = _curve(runs, rules.eao)
    for tag, entry in by_tag.items():
        if rules.eao == "vot-toolkit":  # it knows no tags
            break
        tagged = [sequence.tags[tag] for sequence in sequences]
        entry["eao"] = _number(expected_average_overlap(_curve(runs, rules.eao, tagged), low, high))
    return {
        "overall": {
            "eao": _number(expected_average_overlap(curve, low, high)),
            "interval": [low, high],
            "eao_rules": rules.eao,
            "rule": rules.overlap,
            "bounds": rules.bounds,
            **overall,
            **_own(runs),
            "eao_curve": [_number(value) for value in curve.tolist()],
        },
        "tags": by_tag,
        "sequences": {
            sequence.name: {
                "accuracy": pooled([frame_accuracy(run)]),
                "failures": mean_failures(run),
                "frames": len(sequence),
                "repetitions": len(run.trajectories),
                **_own([run]),
                "curves": _sums(run, len(curve), rules),
            }
            for sequence, run in zip(sequences, runs, strict=True)
        },
    }


def _sums(runs: Runs, length: int, rules: VotRules) -> dict[str, list[float]]:
    """What a sequence adds to the expected-overlap curve at the lengths that EAO averages."""
    low, high = rules.interval
    sums = overlap_sums(_eao_runs([runs]), length, rules=rules.eao)
    return {name: part[low - 1 : high].tolist() for name, part in zip(EAO_SUMS, sums, strict=True)}


def _own(runs: list[Runs]) -> dict[str, float]:
    """The metrics with a value function of their own."""
    return {metric.key: float(metric.value(runs)) for metric in metrics_of("vot") if metric.value}


def _curve(runs: Items[Runs], rules: EaoRules, tagged: Items[NDArray[np.bool_]] | None = None) -> Array:
    return expected_overlap_curve(_eao_runs(runs, tagged), rules=rules)


def _eao_runs(runs: Items[Runs], tagged: Items[NDArray[np.bool_]] | None = None) -> list[Run]:
    return [
        Run(
            overlaps,
            trajectory.failures,
            1 / len(run.trajectories),
            None if tagged is None else tagged[i],
        )
        for i, run in enumerate(runs)
        for trajectory, overlaps in zip(run.trajectories, run.overlaps, strict=True)
    ]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def score_unsupervised(
    sequences: Items[Sequence],
    trajectories: Mapping[str, Items[Trajectory]],
    rules: VotRules = VOT2016,
) -> Fields:
    """Average overlap (AO) of runs without restarts: the mean over all frames of all sequences.

    Frames without a region, the first one among them, count as 0 (MATLAB's `analyze_overlap`).

    Returns
    -------
    dict
        `overall`: `ao`, `frames`, `sequences`, `rule`, `bounds`; `sequences`: `ao` and `frames` of each.
    """
    runs = measure_runs(sequences, trajectories, rules)
    frames = [np.nan_to_num(run.overlaps, nan=0.0).mean(axis=0) for run in runs]
    return {
        "overall": {
            "ao": float(np.concatenate(frames).mean()),
            "frames": int(sum(map(len, frames))),
            "sequences": len(frames),
            "rule": rules.overlap,
            "bounds": rules.bounds,
        },
        "sequences": {
            sequence.name: {"ao": float(values.mean()), "frames": len(values)}
            for sequence, values in zip(sequences, frames, strict=True)
        },
    }
