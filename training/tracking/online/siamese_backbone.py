"""The network that this pipeline trains, as a backbone of the online tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from curation.errors import InputError
from training.backbones.backbone import Backbone, trimmed
from training.backbones.convention import RAW_RGB, ConventionName, Precision
from training.backbones.tensor_files import TensorFile
from training.network.image_sides import RECEPTIVE_FIELD, STRIDE
from training.network.inference import fold_batch_norms
from training.network.siamese_network import SiameseNetwork
from training.network.weights import load_weights


class SiameseBackbone(Backbone):
    """Third and last convolution of `SiameseNetwork`; unpadded: the shallow map is cropped to the deep one.

    Parameters
    ----------
    network : SiameseNetwork
        In evaluation mode.
    device : torch.device
        Where to compute.
    precision : {"float32", "bfloat16"}
    """

    name = "siamese"
    stride = STRIDE
    border = 0
    trained = True

    def __init__(
        self,
        network: SiameseNetwork,
        *,
        device: torch.device | str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        super().__init__({}, RAW_RGB, device, precision)
        trunk = network.config.trunk
        if not isinstance(network.features, nn.Sequential):
            raise InputError(
                f"the network here has the fixed features of {trunk}, which the online tracker has without it",
                do=f"Run: python -m pipelines profile --set track.backbone.name={trunk}; or say --backbone {trunk}",
                reason="foreign weights",
            )
        layers = fold_batch_norms(network.features).to(self.device, self.dtype)
        layers = layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        convolutions = [index for index, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
        self._shallow = layers[: convolutions[3]]  # up to the third convolution's ReLU
        self._deep = layers[convolutions[3] :]
        self.channels = (layers[convolutions[2]].out_channels, layers[convolutions[4]].out_channels)

    @classmethod
    def load(
        cls, path: Path, *, convention: ConventionName, device: torch.device | str, precision: Precision
    ) -> Self:
        """A network of this project's train stage; it has its own convention."""
        del convention
        return cls(load_weights(path)[0], device=device, precision=precision)

    @classmethod
    def fits(cls, file: TensorFile) -> bool:
        """Also a network on fixed features, which is none for the online tracker: making it says so."""
        names = set(file.names())
        return "gain" in names and not names.isdisjoint({"features.0.weight", "features.heads.0.weight"})

    def input_side(self, cells: int) -> int:
        return STRIDE * (cells - 1) + RECEPTIVE_FIELD

    def _maps(self, images: Tensor, without: int) -> tuple[Tensor, Tensor]:
        shallow = self._shallow(images)  # (B, C1, h + 4, w + 4)
        deep = self._deep(shallow.clone())  # (B, C2, h, w); its ReLUs work in place
        return trimmed(shallow, 2 + without), trimmed(deep, without)
