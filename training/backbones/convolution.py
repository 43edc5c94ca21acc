"""A convolution and the activation after it: in bfloat16 one pass over memory, where the processor's library can."""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Activation = Literal["none", "relu", "relu6"]

_FUSED = {"relu": ("relu", []), "relu6": ("hardtanh", [0.0, 6.0])}


def convolve(
    images: Tensor, weight: Tensor, bias: Tensor, *, stride: int, padding: int, groups: int, then: Activation
) -> Tensor:
    """Convolution and activation, without gradients; the same values whether or not they take one pass.

    Parameters
    ----------
    images : (B, C, H, W) tensor
    weight : (O, C / groups, k, k) tensor
    bias : (O,) tensor
    stride, padding : int
        Cells, the same in both directions.
    groups : int
        Of channels that do not mix.
    then : {"none", "relu", "relu6"}

    Returns
    -------
    (B, O, h, w) tensor
    """
    if then != "none" and _fuses(images):
        name, values = _FUSED[then]
        # As torch's compiler does: a separate pass of the activation takes up to half as long as the convolution.
        fused: Tensor = torch.ops.mkldnn._convolution_pointwise(
            images, weight, bias, [padding] * 2, [stride] * 2, [1, 1], groups, name, values, ""
        )
        return fused
    maps = F.conv2d(images, weight, bias, stride, padding, groups=groups)
    if then == "relu":
        return F.relu_(maps)
    return maps.clamp_(0, 6) if then == "relu6" else maps


def _fuses(images: Tensor) -> bool:
    """Whether one pass can be taken, and gives the same values: in float32 the library may choose a kernel that rounds
    in another order.
    """
    return images.dtype == torch.bfloat16 and images.device.type == "cpu" and _multiplies_bfloat16()


@cache
def _multiplies_bfloat16() -> bool:
    """Whether the processor's library has such a pass in bfloat16; to ask takes as long as a small convolution."""
    return (
        torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )
