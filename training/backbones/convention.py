"""The input convention of weights: channel order, range, mean. It belongs to the weights, not to the network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
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
        images = frames.float()
        std = images.new_tensor(self.std)
        offset = images.new_tensor(self.mean) / std
        return images.mul_(self.scale / 255.0 / std).sub_(offset).permute(0, 3, 1, 2)

    def of_rgb(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float RGB 0..255 -> the same images as `apply` gives them; the memory format is kept."""
        if self.order == "bgr":
            images = images.flip(1)
        std = images.new_tensor(self.std)[:, None, None]
        return images * (self.scale / 255.0 / std) - images.new_tensor(self.mean)[:, None, None] / std


Precision = Literal["float32", "bfloat16"]
"""Of a backbone's weights, activations and maps."""

ConventionName = Literal["auto", "caffe", "caffe_rgb", "torchvision"]

CAFFE = InputConvention("bgr", mean=(103.939, 116.779, 123.68))
"""Caffe, and Keras' conversions of it: BGR, 0..255, minus the ImageNet mean."""

TORCHVISION = InputConvention("rgb", scale=1.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""torchvision and timm: RGB, 0..1, ImageNet mean and standard deviation."""

RAW_RGB = InputConvention("rgb")
"""The Siamese network of this project: RGB, 0..255, as it is."""

CENTRED_RGB = InputConvention("rgb", mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))
"""EfficientNet-Lite: RGB, (0..255 - 127) / 128."""


def rgb(caffe: InputConvention) -> InputConvention:
    """A convention of Caffe with the channels reversed."""
    return replace(caffe, order="rgb", mean=caffe.mean[::-1])


def named_convention(name: ConventionName, caffe: InputConvention) -> InputConvention | None:
    """The convention of that name (`caffe`: the backbone's own); None for `auto`."""
    known = {"caffe": caffe, "caffe_rgb": rgb(caffe), "torchvision": TORCHVISION}
    return known.get(name)
