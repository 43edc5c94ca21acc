"""The shrinkage loss on probabilities, in the form of DSLT's PyTorch release."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from training.losses.balance import balanced_weights
from training.losses.reduction import Reduction, reduce, single_precision


def shrinkage_cross_entropy(
    prediction: Tensor,
    label: Tensor,
    *,
    speed: float = 10.0,
    probability: float = 0.6,
    reduction: Reduction = "mean",
) -> Tensor:
    """Balanced cross-entropy, each term times exp(q) / (1 + exp(k (q - a))).

    q is the probability given to the term's own side: p = sigmoid(prediction) for positives, 1 - p for
    negatives. Terms that are already right (q >> a) shrink.

    Parameters
    ----------
    prediction, label, reduction
        As in `balanced_cross_entropy`.
    speed : float
        k, the shrinking speed; release: 10.
    probability : float
        a, the probability at which the factor's sigmoid is one half; release: 0.6.
    """
    prediction, label = single_precision(prediction, label)
    positive, negative = balanced_weights(label)
    right = prediction.sigmoid()  # q of the positive side
    wrong = (-prediction).sigmoid()  # q of the negative side
    loss = positive * F.softplus(-prediction) * right.exp() * (speed * (probability - right)).sigmoid()
    loss = loss + negative * F.softplus(prediction) * wrong.exp() * (speed * (probability - wrong)).sigmoid()
    return reduce(loss, reduction)
