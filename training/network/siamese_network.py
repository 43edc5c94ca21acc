"""The Siamese network: one embedding applied to exemplar and search region, correlated into a response map.

The published size (AlexNet-like, no padding, total stride 8) is `NetworkConfig(width=1.0)`; smaller widths
scale every channel count and keep the geometry, so labels, trackers and crops are the same. Other trunks have the same
stride, and another number of cells.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

import torch
from torch import Tensor, nn

from training.network.image_sides import embedding_size
from training.network.network_config import TRUNKS, NetworkConfig
from training.network.pretrained import FIRST_BIAS, PretrainedFeatures

EXEMPLAR = 127
"""Side of the published exemplar, pixels."""

PRODUCTS = 9216
"""Products that the published network sums for a cell of its response: 6 x 6 cells of 256 channels."""

CHANNELS = (96, 256, 384, 384, 256)
"""Output channels of the five convolutions at width 1 (AlexNet, two groups in the 2nd, 4th and 5th)."""


class SiameseNetwork(nn.Module):
    """Siamese network with one scalar gain and bias on the correlation.

    Images are RGB, 0..255, float, without further normalisation, as in the PyTorch release. All parameters
    are drawn from the global torch generator: seed it to repeat a network. Fixed features are zeros until a state or
    `read_trunk` fills them.

    Parameters
    ----------
    config : NetworkConfig
        Size and form.
    """

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or NetworkConfig()
        backbone = TRUNKS[self.config.trunk].backbone
        self.features: nn.Sequential | PretrainedFeatures = (
            PretrainedFeatures(backbone) if backbone else _alexnet(self.config)
        )
        products = (
            self.features.cosines
            if isinstance(self.features, PretrainedFeatures)
            else _scaled(CHANNELS[-1], self.config.width) * embedding_size(EXEMPLAR) ** 2
        )
        share = products / PRODUCTS
        self.gain = nn.Parameter(torch.tensor(self.config.gain / share), requires_grad=self.config.train_gain)
        self.bias = nn.Parameter(torch.tensor(FIRST_BIAS if backbone else 0.0))
        self._frozen: list[nn.Module] = []

    def read_trunk(self) -> str:
        """Fill fixed features from the package that brings them; returns the SHA-256 of its file.

        Raises
        ------
        InputError
            If the package is not installed, or its file is another.
        """
        return self.features.trunk.read() if isinstance(self.features, PretrainedFeatures) else ""

    def take_trunk(self, other: SiameseNetwork) -> None:
        """Fill fixed features with those of another network of the same trunk."""
        if isinstance(self.features, PretrainedFeatures) and isinstance(other.features, PretrainedFeatures):
            self.features.trunk.load_state_dict(other.features.trunk.state_dict())

    def freeze(self, layers: Collection[str]) -> Self:
        """Have training leave some layers as they are, statistics of normalisations included. In place.

        Parameters
        ----------
        layers : collection of str
            Of the trunk's row of `network_config.TRUNKS`.
        """
        number = 0
        if isinstance(self.features, PretrainedFeatures):
            if "head" in layers:
                self._frozen += [module.requires_grad_(False) for module in self.features.heads]
        else:
            for module in self.features:
                number += isinstance(module, nn.Conv2d)
                if f"conv{number}" in layers:
                    self._frozen.append(module.requires_grad_(False))
        if "bias" in layers:
            self.bias.requires_grad_(False)
        return self

    def train(self, mode: bool = True) -> Self:
        """As of any module; frozen layers stay in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def embed(self, images: Tensor) -> Tensor:
        """Features of a batch of images.

        Parameters
        ----------
        images : (B, 3, H, W) float tensor
            RGB, 0..255; H and W as `image_sides.response_size` allows.

        Returns
        -------
        (B, C, h, w) tensor
            Stride 8; of the published trunk h = `embedding_size(H)`, and cell (i, j) is centred on pixel
            (43 + 8 i, 43 + 8 j), 0-based; of fixed features h = `kept_cells(H)`.
        """
        features: Tensor = self.features(images)
        return features

    def respond(self, exemplar: Tensor, search: Tensor) -> Tensor:
        """Correlate each exemplar with its search region.

        Parameters
        ----------
        exemplar : (B, C, k, k) or (1, C, k, k) tensor
            Features of the exemplars; a single one serves all search regions. Of fixed features only the middle
            is compared.
        search : (B, C, h, w) or (1, C, h, w) tensor
            Features of the search regions; a single one serves all exemplars.

        Returns
        -------
        (B, 1, h - k + 1, w - k + 1) tensor
            Gain x correlation + bias: a logit under the cross-entropy losses, else a regressed label.
        """
        if isinstance(self.features, PretrainedFeatures):
            exemplar, search = self.features.compared(exemplar, search)
        return self.gain * correlate(exemplar, search) + self.bias

    def forward(self, exemplar: Tensor, search: Tensor) -> Tensor:
        """Response maps of image pairs: (B, 3, z, z) and (B, 3, x, x) RGB 0..255 -> (B, 1, r, r)."""
        return self.respond(self.embed(exemplar), self.embed(search))


def correlate(exemplar: Tensor, search: Tensor) -> Tensor:
    """Cross-correlation of feature maps without padding; shapes as in `SiameseNetwork.respond`.

    One matrix product gives the inner product of every exemplar cell with every search cell; the response at
    (y, x) is the sum of those of (dy, dx) with (y + dy, x + dx), which a strided view lines up. On a CPU that
    is several times as fast as a convolution with one group per pair.
    """
    k, height, width = exemplar.shape[-1], search.shape[-2], search.shape[-1]
    cells = height * width
    products = exemplar.flatten(2).transpose(1, 2) @ search.flatten(2)  # (B, k k, h w), contiguous
    batch = products.shape[0]
    windows = products.as_strided(
        (batch, k, k, height - k + 1, width - k + 1),
        (k * k * cells, k * cells + width, cells + 1, width, 1),
    )
    return windows.sum((1, 2))[:, None]  # (B, 1, h-k+1, w-k+1)


def _alexnet(config: NetworkConfig) -> nn.Sequential:
    """The published trunk, with fresh weights."""

    def convolution(
        inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> list[nn.Module]:
        batch = config.norm == "batch"
        layer = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=not batch)
        return [layer, nn.BatchNorm2d(outputs)] if batch else [layer]

    c1, c2, c3, c4, c5 = (_scaled(channels, config.width) for channels in CHANNELS)
    # Pools come before ReLUs, with which they commute, so that ReLUs see a quarter of the values.
    layers = nn.Sequential(
        *convolution(3, c1, 11, stride=2),  # 127 -> 59, 255 -> 123
        nn.MaxPool2d(3, 2),  # 29, 61
        nn.ReLU(inplace=True),
        *convolution(c1, c2, 5, groups=2),  # 25, 57
        nn.MaxPool2d(3, 2),  # 12, 28
        nn.ReLU(inplace=True),
        *convolution(c2, c3, 3),  # 10, 26
        nn.ReLU(inplace=True),
        *convolution(c3, c4, 3, groups=2),  # 8, 24
        nn.ReLU(inplace=True),
        nn.Conv2d(c4, c5, 3, groups=2),  # 6, 22
    )
    for module in layers:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return layers


def _scaled(channels: int, width: float) -> int:
    """Channels at a width: even, because of the two groups, and at least 2."""
    return max(2, 2 * round(channels * width / 2))
