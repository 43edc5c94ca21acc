"""Focal-style L2: the squared error times the modulating factor of the focal loss (Lin et al., ICCV 2017)."""

from __future__ import annotations

from torch import Tensor

from training.losses.reduction import Reduction, reduce, single_precision


def focal_l2(
    prediction: Tensor, label: Tensor, *, gamma: float = 2.0, reduction: Reduction = "mean"
) -> Tensor:
    """m^gamma l^2 with l = |P - Y| and m = min(l, 1); precision as in `shrinkage`.

    The focal factor (1 - q)^gamma is a power of the error of a probability, so it lies in [0, 1]; a regressed
    response is unbounded, and the factor stops at 1: beyond an error of 1 the loss is plain L2 (the shrinkage
    loss does the same). Inside, gamma = 1 is the L3 loss, as the shrinkage paper notes.

    Parameters
    ----------
    prediction, label, reduction
        As in `shrinkage`.
    gamma : float
        Focusing exponent, at least 0 (0 is L2); Lin et al.: 2.
    """
    prediction, label = single_precision(prediction, label)
    error = prediction - label
    return reduce(error.abs().clamp(max=1).pow(gamma) * error.square(), reduction)
