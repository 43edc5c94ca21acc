"""Balanced cross-entropy on a response of logits, the loss of SiamFC with soft labels allowed."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from training.losses.balance import balanced_weights
from training.losses.reduction import Reduction, reduce, single_precision


def balanced_cross_entropy(prediction: Tensor, label: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """-w+ log(p) - w- log(1 - p) with p = sigmoid(prediction) and the weights of `balanced_weights`.

    Parameters
    ----------
    prediction, label : (B, 1, h, w) tensors
        Logits and labels in [0, 1]; bf16 and fp16 are computed in float32.
    reduction : {"mean", "sum", "none"}
        `mean` is the mean over maps of half the mean of each side.
    """
    prediction, label = single_precision(prediction, label)
    positive, negative = balanced_weights(label)
    return reduce(positive * F.softplus(-prediction) + negative * F.softplus(prediction), reduction)
