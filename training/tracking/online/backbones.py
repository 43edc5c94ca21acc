"""The backbones, behind one small interface: images in, a shallow and a deep feature map out.

Every backbone is symmetrical: the middle of its input is the middle of both of its maps, whatever the number
of cells, so a peak in a map has no half-cell bias (which updating would turn into drift).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from training.tracking.online.convention import InputConvention

Weights = Mapping[str, Tensor]
"""Convolutions by name: `<layer>.weight` (OIHW float32) and `<layer>.bias`."""

Precision = Literal["float32", "bfloat16"]
"""Of a backbone's weights, activations and maps."""


class Backbone(ABC):
    """Fixed convolutions with a shallow and a deep output of one size.

    Parameters
    ----------
    weights : mapping of str to tensor
    convention : InputConvention
        What images the weights want.
    device : torch.device
    precision : {"float32", "bfloat16"}

    Attributes
    ----------
    name : str
    stride : int
        Input pixels per cell of both maps.
    channels : (int, int)
        Channels of the shallow and the deep map.
    border : int
        Cells at the edge of the maps where zero padding weighs most (fainter, it reaches further); not compared.
    """

    name: str
    stride: int
    channels: tuple[int, int]
    border: int

    def __init__(
        self,
        weights: Weights,
        convention: InputConvention,
        device: torch.device | str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        self.device = torch.device(device)
        self.dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.convention = convention
        self._weights = {
            name: value.to(self.device, self.dtype).contiguous(memory_format=torch.channels_last)
            if value.ndim == 4
            else value.to(self.device, self.dtype)
            for name, value in weights.items()
        }

    @abstractmethod
    def input_side(self, cells: int) -> int:
        """Input pixels for a map of that many cells."""

    @abstractmethod
    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        """Features of images that follow the weights' input convention."""

    def features(self, frames: Tensor, *, without: int = 0) -> tuple[Tensor, Tensor]:
        """Shallow and deep features.

        Parameters
        ----------
        frames : (B, H, W, 3) uint8 tensor
            BGR; H and W as `input_side` gives them.
        without : int
            Cells to leave out at every edge of the maps; what only they need is not computed.

        Returns
        -------
        (B, C1, h, w) and (B, C2, h, w) tensors of the backbone's precision
        """
        with torch.inference_mode():
            images = self.convention.apply(frames.to(self.device)).to(self.dtype)
            return self._maps(images, without)

    def _conv(self, images: Tensor, layer: str, *, stride: int = 1, padding: int = 0) -> Tensor:
        """Convolution and ReLU."""
        return F.relu_(self._linear(images, layer, stride=stride, padding=padding))

    def _linear(self, images: Tensor, layer: str, *, stride: int = 1, padding: int = 0) -> Tensor:
        """Convolution alone."""
        weight, bias = self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]
        return F.conv2d(images, weight, bias, stride=stride, padding=padding)


def trimmed(maps: Tensor, cells: int) -> Tensor:
    """Maps (..., h, w) without that many cells at every edge."""
    return maps[..., cells:-cells, cells:-cells] if cells else maps


class SqueezeNet(Backbone):
    """SqueezeNet 1.0 (Iandola et al., 2016) up to fire8, every pool padded so that cell i lies on pixel 8 i.

    Shallow: fire4 (stride 4), averaged 3 x 3 to stride 8. Deep: fire8; the pool after it is left out.
    """

    name = "squeezenet"
    stride = 8
    channels = (256, 512)
    border = 2

    def input_side(self, cells: int) -> int:
        return 8 * (cells - 1) + 1

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        x = self._linear(images, "conv1", stride=2, padding=3)  # (B, 96, 4k+1, .)
        x = F.max_pool2d(x, 3, 2, padding=1)  # (B, 96, 2k+1, .)
        x = F.relu_(x)  # after the pool: they commute, and this is less to do
        for layer in ("fire2", "fire3", "fire4"):
            x = self._fire(x, layer)
        shallow = F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)  # (B, 256, k+1, .)
        x = F.max_pool2d(x, 3, 2, padding=1)  # (B, 256, k+1, .)
        spare = without
        for index, layer in enumerate(("fire5", "fire6", "fire7", "fire8")):
            needed = min(spare, 4 - index)  # a layer reaches one cell further
            x, spare = self._fire(trimmed(x, spare - needed), layer), needed
        return trimmed(shallow, without), trimmed(x, spare)  # (B, 256, k+1, .), (B, 512, k+1, .)

    def _fire(self, x: Tensor, layer: str) -> Tensor:
        x = self._conv(x, f"{layer}/squeeze1x1")
        return torch.cat(
            [self._conv(x, f"{layer}/expand1x1"), self._conv(x, f"{layer}/expand3x3", padding=1)], dim=1
        )


VGG_LAYERS: Sequence[tuple[str, int, int]] = (
    ("conv1_1", 3, 64),
    ("conv1_2", 64, 64),
    ("conv2_1", 64, 128),
    ("conv2_2", 128, 128),
    ("conv3_1", 128, 256),
    ("conv3_2", 256, 256),
    ("conv3_3", 256, 256),
    ("conv4_1", 256, 512),
    ("conv4_2", 512, 512),
    ("conv4_3", 512, 512),
    ("conv5_1", 512, 512),
    ("conv5_2", 512, 512),
    ("conv5_3", 512, 512),
)
"""Name, input and output channels of VGG-16's convolutions (Simonyan and Zisserman, 2015), all 3 x 3."""


class Vgg16(Backbone):
    """VGG-16 with pool1 and pool2 only, the backbone of DSLT: conv4_3 and conv5_3, both of stride 4."""

    name = "vgg16"
    stride = 4
    channels = (512, 512)
    border = 9

    def input_side(self, cells: int) -> int:
        return 4 * cells

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        x = shallow = images
        spare = without
        for index, (layer, _, _) in enumerate(VGG_LAYERS):
            if index >= 4:  # of the maps' own stride; a layer reaches one cell further
                needed = min(spare, len(VGG_LAYERS) - index)
                x, spare = trimmed(x, spare - needed), needed
            x = self._conv(x, layer, padding=1)
            if layer in ("conv1_2", "conv2_2"):
                x = F.max_pool2d(x, 2)
            if layer == "conv4_3":
                shallow = trimmed(x, spare)
        return shallow, trimmed(x, spare)
