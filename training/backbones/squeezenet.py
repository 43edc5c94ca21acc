"""SqueezeNet 1.0 and 1.1 as backbones of the online tracker, and the files that their weights come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from training.backbones.backbone import Backbone, trimmed
from training.backbones.convention import TORCHVISION, InputConvention
from training.backbones.weight_files import KIND, Naming

CAFFE_SQUEEZENET = InputConvention("bgr", mean=(104.0, 117.0, 123.0))
"""Caffe's SqueezeNet: BGR, 0..255, minus the rounded ImageNet mean."""


def _shapes(stem: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Kernels up to fire8; the two versions differ in the first."""
    shapes, inputs = {"conv1": stem}, stem[0]
    for number, squeeze in zip(range(2, 9), (16, 16, 32, 32, 48, 48, 64), strict=True):
        shapes[f"fire{number}/squeeze1x1"] = (squeeze, inputs, 1, 1)
        shapes[f"fire{number}/expand1x1"] = (4 * squeeze, squeeze, 1, 1)
        shapes[f"fire{number}/expand3x3"] = (4 * squeeze, squeeze, 3, 3)
        inputs = 8 * squeeze
    return shapes


def _namings(*indices: int) -> tuple[Naming, ...]:
    """Caffe's names, and torchvision's, where fire2 to fire9 have these numbers."""
    fires = {index: number for number, index in enumerate(indices, start=2)}

    def torchvision(match: re.Match[str]) -> str | None:
        index, part = int(match[1]), match[2]
        if part is None:
            return "conv1" if index == 0 else None
        if index not in fires:
            return f"features.{index}"
        return f"fire{fires[index]}/{'squeeze1x1' if part == 'squeeze' else part}"

    return (
        Naming(
            rf"(conv1|fire\d/(?:squeeze1x1|expand1x1|expand3x3))[./]{KIND}",
            lambda match: match[1],
            CAFFE_SQUEEZENET,
        ),
        Naming(
            rf"(?:[\w.]*\.)?features\.(\d+)(?:\.(squeeze|expand1x1|expand3x3))?\.{KIND}",
            torchvision,
            TORCHVISION,
        ),
    )


class SqueezeNet(Backbone):
    """SqueezeNet 1.0 (Iandola et al., 2016) up to fire8, every pool padded so that cell i lies on pixel 8 i.

    Shallow: fire4 (stride 4), averaged 3 x 3 to stride 8. Deep: fire8; the pool after it is left out.
    """

    name = "squeezenet"
    title = "SqueezeNet 1.0"
    beyond = ("fire9/squeeze1x1", "fire9/expand1x1", "fire9/expand3x3")
    relatives: ClassVar[Mapping[str, str]] = {"features.6": "SqueezeNet 1.1"}
    stride = 8
    channels = (256, 512)
    border = 2
    shapes = _shapes((96, 3, 7, 7))
    caffe = CAFFE_SQUEEZENET
    worth = "success AUC .698, precision .964 on 19 OTB targets"
    measured = "a22e7b5a7c8bf0365d681e31b24bcbdd72e6548765567d7f19941773be8cf196"
    namings = _namings(3, 4, 5, 7, 8, 9, 10, 12)

    def input_side(self, cells: int) -> int:
        return 8 * (cells - 1) + 1

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        x = self._conv(images, "conv1", stride=2, padding=3, then="none")  # (B, 96, 4k+1, .)
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


class SqueezeNet11(SqueezeNet):
    """SqueezeNet 1.1 up to fire8: a third of the arithmetic of 1.0, and weights of as good a classifier.

    Shallow: fire5, the last of stride 8. Deep: fire8, of stride 16, between whose cells the others are interpolated.
    """

    name = "squeezenet1_1"
    title = "SqueezeNet 1.1"
    relatives: ClassVar[Mapping[str, str]] = {"features.5": "SqueezeNet 1.0", "features.8": "SqueezeNet 1.0"}
    shapes = _shapes((64, 3, 3, 3))
    worth = measured = ""
    namings = _namings(3, 4, 6, 7, 9, 10, 11, 12)

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        x = self._conv(images, "conv1", stride=2, padding=1, then="none")  # (B, 64, 4k+1, .)
        x = F.relu_(F.max_pool2d(x, 3, 2, padding=1))  # (B, 64, 2k+1, .)
        for layer in ("fire2", "fire3"):
            x = self._fire(x, layer)
        x = F.max_pool2d(x, 3, 2, padding=1)  # (B, 128, k+1, .)
        for layer in ("fire4", "fire5"):
            x = self._fire(x, layer)
        shallow = x  # (B, 256, k+1, .)
        x = F.max_pool2d(x, 3, 2, padding=1)  # (B, 256, k/2+1, .)
        for layer in ("fire6", "fire7", "fire8"):
            x = self._fire(x, layer)
        deep = F.interpolate(x, size=shallow.shape[2:], mode="bilinear", align_corners=True)
        return trimmed(shallow, without), trimmed(deep, without)  # (B, 256, k+1, .), (B, 512, k+1, .)
