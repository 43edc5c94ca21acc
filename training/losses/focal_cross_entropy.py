"""Focal cross-entropy (Lin et al., ICCV 2017), the loss that the PyTorch release trains with as committed."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from training.losses.balance import balanced_weights
from training.losses.reduction import Reduction, reduce, single_precision


def focal_cross_entropy(
    prediction: Tensor, label: Tensor, *, gamma: float = 2.0, reduction: Reduction = "mean"
) -> Tensor:
    """Balanced cross-entropy, each term times (1 - q)^gamma, q the probability given to the term's own side.

    Parameters
    ----------
    prediction, label, reduction
        As in `balanced_cross_entropy`.
    gamma : float
        Focusing exponent, at least 0 (0 is the balanced cross-entropy); release: 2.
    """
    prediction, label = single_precision(prediction, label)
    positive, negative = balanced_weights(label)
    # (1 - q)^gamma as exp(gamma log(1 - q)): its gradient is finite however small 1 - q is.
    loss = positive * F.softplus(-prediction) * (-gamma * F.softplus(prediction)).exp()
    loss = loss + negative * F.softplus(prediction) * (-gamma * F.softplus(-prediction)).exp()
    return reduce(loss, reduction)
