"""The cubed absolute error: for the shrinkage paper, the focal loss's counterpart in regression."""

from __future__ import annotations

from torch import Tensor

from training.losses.reduction import Reduction, reduce, single_precision


def l3(prediction: Tensor, label: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """|P - Y|^3: easy samples weigh less than under L2, but so do all others with an error under 1.

    Parameters and precision as in `shrinkage`.
    """
    prediction, label = single_precision(prediction, label)
    error = prediction - label
    return reduce(error.square() * error.abs(), reduction)
