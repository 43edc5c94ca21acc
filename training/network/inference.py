"""Batch normalisation folded into the convolution before it: the same function, fewer passes over memory."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.network.siamese_network import SiameseNetwork


def fold_batch_norms(layers: nn.Sequential) -> nn.Sequential:
    """A copy in evaluation mode in which every convolution includes the normalisation right after it.

    Parameters
    ----------
    layers : nn.Sequential
        Left as it is.

    Returns
    -------
    nn.Sequential
        Equal to `layers.eval()` up to rounding.
    """
    folded: list[nn.Module] = []
    for layer in copy.deepcopy(layers).eval():
        if isinstance(layer, nn.BatchNorm2d) and folded and isinstance(folded[-1], nn.Conv2d):
            folded[-1] = fuse_conv_bn_eval(folded[-1], layer)
        else:
            folded.append(layer)
    return nn.Sequential(*folded)


def for_inference(network: SiameseNetwork) -> SiameseNetwork:
    """A copy of a Siamese network for tracking: evaluation mode, normalisation folded, channels last.

    Fixed features come folded.
    """
    fast = copy.deepcopy(network).eval()
    if isinstance(network.features, nn.Sequential):
        fast.features = fold_batch_norms(network.features)
    fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fast
