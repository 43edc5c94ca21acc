"""VGG-16 as a backbone of the online tracker, and the files that its weights come in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from training.tracking.online.backbones.backbone import Backbone, trimmed
from training.tracking.online.backbones.convention import CAFFE, TORCHVISION, rgb
from training.tracking.online.backbones.weight_files import KIND, Naming, Shapes

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


def _block_and_number(match: re.Match[str]) -> str:
    return f"conv{match[1]}_{match[2]}"


class Vgg16(Backbone):
    """VGG-16 with pool1 and pool2 only, the backbone of DSLT: conv4_3 and conv5_3, both of stride 4."""

    name = "vgg16"
    stride = 4
    channels = (512, 512)
    border = 9
    shapes: ClassVar[Shapes] = {layer: (outputs, inputs, 3, 3) for layer, inputs, outputs in LAYERS}
    namings = (
        Naming(
            rf"(?:module\.)?features\.(\d+)\.{KIND}", lambda match: _INDEX.get(int(match[1])), TORCHVISION
        ),
        Naming(rf"(?:.*/)?block(\d)_conv(\d)[/_.]{KIND}(?:_1)?(?::0)?", _block_and_number, CAFFE),
        Naming(rf"conv(\d)_(\d)_{KIND}", _block_and_number, rgb(CAFFE)),
        Naming(rf"conv(\d)_(\d)[./]{KIND}(?::0)?", _block_and_number, CAFFE),
    )

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
