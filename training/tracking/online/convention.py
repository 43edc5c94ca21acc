"""The images that weights expect: channel order, range, mean. A property of the weights, not of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor


@dataclass(frozen=True)
class InputConvention:
    """How a uint8 BGR image is converted: order of channels, then (x / 255 * scale - mean) / std.

    Parameters
    ----------
    order : {"bgr", "rgb"}
        Order of the channels; `mean` and `std` follow it.
    scale : float
        Value of full white: 255 or 1.
    mean, std : three floats
        Per channel, in units of `scale`.
    """

    order: Literal["bgr", "rgb"]
    scale: float = 255.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def apply(self, frames: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 BGR -> (B, 3, H, W) float32, channels last in memory."""
        if self.order == "rgb":
            frames = frames.flip(-1)
        std = torch.tensor(self.std, device=frames.device)
        offset = torch.tensor(self.mean, device=frames.device) / std
        images = frames.float().mul_(self.scale / 255.0 / std).sub_(offset)
        return images.permute(0, 3, 1, 2)


CAFFE_SQUEEZENET = InputConvention("bgr", mean=(104.0, 117.0, 123.0))
"""Caffe's SqueezeNet: BGR, 0..255, minus the rounded ImageNet mean."""

CAFFE_VGG = InputConvention("bgr", mean=(103.939, 116.779, 123.68))
"""Caffe's VGG-16, and Keras' conversion of it: BGR, 0..255, minus the ImageNet mean."""

TORCHVISION = InputConvention("rgb", scale=1.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""torchvision and timm: RGB, 0..1, ImageNet mean and standard deviation."""

RAW_RGB = InputConvention("rgb")
"""The Siamese network of this project: RGB, 0..255, as it is."""
