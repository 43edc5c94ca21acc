"""The squared error, the baseline: easy samples dominate it."""

from __future__ import annotations

from torch import Tensor

from training.losses.reduction import Reduction, reduce, single_precision


def l2(prediction: Tensor, label: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """(P - Y)^2; parameters and precision as in `shrinkage`."""
    prediction, label = single_precision(prediction, label)
    return reduce((prediction - label).square(), reduction)
