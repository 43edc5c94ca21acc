"""The shrinkage loss for regression (Lu et al., Deep Regression Tracking with Shrinkage Loss, ECCV 2018)."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from training.losses.reduction import Reduction, reduce, single_precision


def shrinkage(
    prediction: Tensor,
    label: Tensor,
    *,
    speed: float = 10.0,
    localisation: float = 0.2,
    weighted: bool = True,
    reduction: Reduction = "mean",
) -> Tensor:
    """exp(Y) l^2 / (1 + exp(a (c - l))) with l = |P - Y|; easy samples (l << c) shrink, hard ones keep L2.

    The factor 1 / (1 + exp(a (c - l))) is computed as sigmoid(a (l - c)), which overflows for no finite l.

    Parameters
    ----------
    prediction, label : tensors of one shape
        Regressed response P and soft label Y in [0, 1]. bf16 and fp16 are computed in float32.
    speed : float
        a, the shrinking speed; paper: 10.
    localisation : float
        c, the error at which the factor is one half; paper: 0.2.
    weighted : bool
        With the factor exp(Y), the form the paper tracks with; without it, the plain form.
    reduction : {"mean", "sum", "none"}
        The MATLAB release sums over the map.

    Returns
    -------
    float32 (or float64) tensor
        A scalar, or the shape of `prediction` for `reduction="none"`.
    """
    prediction, label = single_precision(prediction, label)
    error = prediction - label
    loss = error.square() * (speed * (error.abs() - localisation)).sigmoid()
    if weighted:
        loss = loss * label.exp()
    return reduce(loss, reduction)


shrinkage_unweighted = partial(shrinkage, weighted=False)
"""The plain form, without exp(Y)."""
