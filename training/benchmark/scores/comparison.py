"""Is one tracker better than another? Differences per sequence with paired bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.documents.document import Fields
from curation.errors import InputError
from curation.rows import unknown_name
from training.benchmark.arrays import Array
from training.benchmark.scores.eao import EAO_SUMS
from training.benchmark.scores.metric_table import metrics_of
from training.benchmark.scores.score_document import Numbers, Scores, TrackerScores

SAMPLES = 10_000
"""Bootstrap samples: the ends of a 95 % interval then vary by about 2 % of its width between seeds."""
FEWEST = 5
"""With fewer sequences in common no difference is called one: resampling them says nothing."""


def paired_bootstrap(
    first: Array, second: Array, *, samples: int = SAMPLES, level: float = 0.95, seed: int = 0
) -> dict[str, float]:
    """Mean of second - first with a percentile bootstrap interval over the pairs.

    Parameters
    ----------
    first, second : (S,) float64
        The same S sequences in the same order.
    samples : int
        Resamples of S pairs with replacement.
    level : float
        Coverage of the interval, in (0, 1).
    seed : int
        The same seed gives the same numbers.

    Returns
    -------
    dict
        `difference`, `low`, `high`, and `share`: the fraction of resamples whose difference has the sign of
        `difference` (1 if it is 0).

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
    """
    if len(first) != len(second) or not len(first):
        raise InputError(
            f"cannot pair {len(first)} with {len(second)} sequences", do="Compare the same sequences"
        )
    differences = np.asarray(second, dtype=np.float64) - first
    means = _resampled(len(differences), samples, seed) @ differences / len(differences)
    return _interval(float(differences.mean()), means, level)


def _resampled(sequences: int, samples: int, seed: int) -> NDArray[np.int64]:
    """How often each sequence is drawn in each resample, (samples, sequences)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(sequences, np.full(sequences, 1 / sequences), size=samples)


def _interval(difference: float, resampled: Array, level: float) -> dict[str, float]:
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    share = float((np.sign(resampled) == np.sign(difference)).mean()) if difference else 1.0
    return {"difference": difference, "low": float(low), "high": float(high), "share": share}


def bootstrap_eao(
    first: Items[Numbers],
    second: Items[Numbers],
    *,
    samples: int = SAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, float] | None:
    """Expected average overlap of second - first, with an interval as of `paired_bootstrap`.

    Sequences are resampled with all their runs, and each resample has its own curve, averaged over the lengths of
    the interval.

    Parameters
    ----------
    first, second : sequence of Numbers
        Of the same sequences in the same order, with the curves `eao.EAO_SUMS`.
    samples, level, seed
        As of `paired_bootstrap`.

    Returns
    -------
    dict or None
        As of `paired_bootstrap`, and `first`, `second`: the EAO of both over these sequences. None where one has no
        such curves, or none of them says anything about these lengths.
    """
    if not all(one.curves.get(name) for one in (*first, *second) for name in EAO_SUMS):
        return None
    counts = np.concatenate([np.ones((1, len(first)), np.int64), _resampled(len(first), samples, seed)])
    ours, theirs = (_expected(numbers, counts) for numbers in (first, second))
    gaps = theirs - ours
    if np.isnan(gaps[0]):
        return None
    found = _interval(float(gaps[0]), gaps[1:][~np.isnan(gaps[1:])], level)
    return {"first": float(ours[0]), "second": float(theirs[0]), **found}


def _expected(numbers: Items[Numbers], counts: NDArray[np.int64]) -> Array:
    """EAO of each resample, (samples,); NaN where no length is known."""
    total, weights = (counts @ np.array([one.curves[name] for one in numbers], float) for name in EAO_SUMS)
    known = weights > 0
    curves = np.divide(total, weights, out=np.zeros_like(total), where=known)
    lengths = known.sum(axis=1)
    return np.divide(curves.sum(axis=1), lengths, out=np.full(len(counts), np.nan), where=lengths > 0)


def compare(
    first: Scores,
    second: Scores,
    trackers: tuple[str, str],
    *,
    samples: int = SAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> Fields:
    """Compare two trackers, or one tracker in two runs, from their scores.

    Parameters
    ----------
    first, second : Scores
        Of two runs, or the same one twice.
    trackers : (str, str)
        Tracker in the first and in the second.
    samples, level, seed
        Of the bootstrap, see `paired_bootstrap`.

    Returns
    -------
    dict
        `benchmark`, `title`, `protocol`, `first`, `second`, `level`; `metrics`: for VOT's `eao`, and for each metric
        that both have of every sequence, its value (the mean) of both over the common sequences, and `difference`
        (second - first), `low`, `high`, `share`, `significant` (the interval excludes 0, and there are at least
        `FEWEST` sequences);
        `sequences`: the metrics of both on each, and `difference` of each; `only_first`, `only_second`:
        sequences left out because the other has no result.

    Raises
    ------
    InputError
        If the documents are of different benchmarks or protocols, a tracker is unknown (the nearest is
        suggested), or no sequence is common.
    """
    for what, one, other in (
        ("benchmark", first.name, second.name),
        ("protocol", first.protocol, second.protocol),
    ):
        if one != other:
            raise InputError(
                f"cannot compare {what} {one} with {other}",
                do="Score both on one benchmark under one protocol",
                reason="not comparable",
            )
    scores = []
    for document, tracker in zip((first, second), trackers, strict=True):
        if tracker not in document.trackers:
            raise unknown_name("scored tracker", tracker, list(document.trackers))
        scores.append(_sequences(document.trackers[tracker]))
    common = [name for name in scores[0] if name in scores[1]]
    if not common:
        raise InputError(
            f"{trackers[0]} and {trackers[1]} have no sequence in common", reason="not comparable"
        )
    metrics = {**_eao(first, second, trackers, common, samples=samples, level=level, seed=seed)}
    for metric in (row.key for row in metrics_of(first.kind, protocol=first.protocol)):
        if not all(metric in score[name] for score in scores for name in common):
            continue
        a, b = (np.array([score[name][metric] for name in common], dtype=np.float64) for score in scores)
        interval = paired_bootstrap(a, b, samples=samples, level=level, seed=seed)
        metrics[metric] = {
            "first": float(a.mean()),
            "second": float(b.mean()),
            **interval,
            "significant": _significant(interval, common),
        }
    return {
        "benchmark": first.name,
        "title": first.title,
        "protocol": first.protocol,
        "first": trackers[0],
        "second": trackers[1],
        "level": level,
        "metrics": metrics,
        "sequences": {
            name: {
                metric: {
                    "first": scores[0][name][metric],
                    "second": scores[1][name][metric],
                    "difference": scores[1][name][metric] - scores[0][name][metric],
                }
                for metric in metrics
                if metric in scores[0][name]
            }
            for name in common
        },
        "only_first": [name for name in scores[0] if name not in scores[1]],
        "only_second": [name for name in scores[1] if name not in scores[0]],
    }


def _eao(
    first: Scores, second: Scores, trackers: tuple[str, str], common: Items[str], **bootstrap: Any
) -> Fields:
    """EAO, which is no mean over sequences; empty where it is not known."""
    numbers = (
        [one.trackers[tracker].sequences[name] for name in common]
        for one, tracker in zip((first, second), trackers, strict=True)
    )
    found = bootstrap_eao(*numbers, **bootstrap)
    return {"eao": {**found, "significant": _significant(found, common)}} if found else {}


def _significant(interval: Mapping[str, float], common: Items[str]) -> bool:
    return len(common) >= FEWEST and (interval["low"] > 0 or interval["high"] < 0)


def _sequences(tracker: TrackerScores) -> dict[str, Fields]:
    """Numbers of every sequence; for VOT with those of the runs without restarts, if there are any."""
    free = tracker.free[1] if tracker.free else {}
    return {
        name: {**(free[name].values if name in free else {}), **numbers.values}
        for name, numbers in tracker.sequences.items()
    }
