"""Scores from the curves of one-pass evaluation: overall, by sequence, by attribute."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from curation.documents.document import Fields
from training.benchmark.scores.metric_table import metrics_of
from training.benchmark.scores.one_pass import Curves
from training.benchmark.scores.protocols import Protocol, get_protocol
from training.benchmark.sequences.sequence import Benchmark


def summary(
    curves: Curves, rows: NDArray[np.int64] | None = None, *, protocol: str | Protocol = "matlab"
) -> Fields:
    """Scores of some sequences: the mean of their curves, and its metrics.

    Parameters
    ----------
    curves : Curves
    rows : (K,) int64 or None
        Which sequences; None: all.
    protocol : str or Protocol
        Says whether sequences whose curve is 0 everywhere are left out of that curve's mean (not of a single one's),
        and whether the mean is over frames.

    Returns
    -------
    dict
        Each metric of one-pass evaluation in `metric_table.METRICS`, `frames`, `sequences`, and `curves` with the
        mean of each.
    """
    rules, pick = get_protocol(protocol), slice(None) if rows is None else rows
    frames = curves.frames[pick]
    means = {}
    for name, values in curves.values.items():
        curve = values[pick]
        if rules.drops_zero_curves and curve.any():
            curve = curve[curve.sum(axis=1) > np.finfo(float).eps]
        means[name] = np.average(curve, axis=0, weights=frames if rules.pools and frames.any() else None)
    metrics = metrics_of("ope", protocol=rules.name)
    return {
        **{metric.key: metric.value(means) for metric in metrics if metric.value},
        "frames": int(frames.sum()),
        "sequences": len(frames),
        "curves": {name: mean.tolist() for name, mean in means.items()},
    }


def score_tracker(
    benchmark: Benchmark, names: Items[str], curves: Curves, protocol: str | Protocol = "matlab"
) -> Fields:
    """JSON values of the scores of one tracker: overall, per sequence, per attribute.

    Parameters
    ----------
    benchmark : Benchmark
    names : sequence of str
        Sequences behind the rows of `curves`.
    curves : Curves
    protocol : str or Protocol
    """
    rules = get_protocol(protocol)
    tags = {sequence.name: sequence.attributes for sequence in benchmark.sequences}
    attributes = {}
    for attribute in benchmark.attributes:
        rows = np.array([i for i, name in enumerate(names) if attribute in tags[name]], dtype=np.int64)
        if len(rows):
            attributes[attribute] = summary(curves, rows, protocol=rules)
    return {
        "overall": summary(curves, protocol=rules),
        "sequences": {name: summary(curves, np.array([i]), protocol=rules) for i, name in enumerate(names)},
        "attributes": attributes,
    }
