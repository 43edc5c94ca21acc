"""Fixed ImageNet features to which a trained convolution adds: a trunk of the Siamese network.

The trunk is a backbone of the online tracker. Its zero padding tells a network where the border is, so that a target
would be looked for where it stands in the exemplar (SiamDW: Zhang and Peng, 2019; SiamRPN++: Li et al., 2019). So the
cells at the edge, which see most of the padding, are dropped, and of the exemplar only the middle cells are compared.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.backbones.backbone import Backbone, Weights
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.backbones.choice import needed_file
from training.backbones.weight_files import sha256_of
from training.network.image_sides import BORDER, EXEMPLAR_CELLS, padded_side

FIRST_BIAS = -1.5
"""Of the response, before training: cosines are rarely far below 0, and most cells are not the target's."""


class Trunk(nn.Module):
    """The layers of a backbone as buffers: saved with the network, and never trained.

    Parameters
    ----------
    name : str
        A row of `BACKBONES` whose weights a package brings.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        kind = BACKBONES[name]
        self.kind = kind
        self.backbone: Backbone = kind({}, kind.pretrained)
        for layer, shape in kind.shapes.items():
            self.register_buffer(_key(layer, "weight"), torch.zeros(shape))
            self.register_buffer(_key(layer, "bias"), torch.zeros(shape[0]))

    def read(self) -> str:
        """Fill the buffers from the package's file; returns the file's SHA-256.

        Raises
        ------
        InputError
            If the package is not installed, or its file is another.
        """
        path = needed_file(BackboneConfig(name=self.kind.name), None)
        self.fill(self.kind.read(path)[0])
        return sha256_of(path)

    def fill(self, weights: Weights) -> None:
        """Take over the layers of a backbone."""
        buffers = dict(self.named_buffers())
        for name, value in weights.items():
            layer, _, part = name.rpartition(".")
            buffers[_key(layer, part)].copy_(value)

    @torch.no_grad()
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Shallow and deep maps of (B, 3, H, W) RGB 0..255, in float32, without the cells at the edge."""
        buffers = dict(self.named_buffers())
        weights = {
            f"{layer}.{part}": buffers[_key(layer, part)]
            for layer in self.kind.shapes
            for part in ("weight", "bias")
        }
        with torch.autocast(images.device.type, enabled=False):
            return self.backbone.maps(images.float(), weights, without=BORDER)


def _key(layer: str, part: str) -> str:
    """Name of a buffer, which must have no dots."""
    return f"{layer}_{part}".replace(".", "_")


class PretrainedFeatures(nn.Module):
    """A fixed trunk; behind each of its maps a 1 x 1 convolution that is trained, and that adds to the map.

    The convolutions begin at zero: an untrained network compares the features themselves.

    Parameters
    ----------
    backbone : str
        As of `Trunk`.

    Attributes
    ----------
    cosines : int
        How many are summed for a cell of the response.
    """

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.trunk = Trunk(backbone)
        self.cosines = len(self.trunk.kind.channels) * EXEMPLAR_CELLS**2
        heads = [nn.Conv2d(count, count, 1, bias=False) for count in self.trunk.kind.channels]
        for head in heads:
            nn.init.zeros_(head.weight)
        self.heads = nn.ModuleList(heads)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) RGB 0..255 -> (B, C1 + C2, h, w), h = `kept_cells(H)`; the middles of image and map are one."""
        spare = padded_side(images.shape[-1]) - images.shape[-1]
        images = F.pad(images, (spare // 2, spare - spare // 2) * 2, mode="replicate")
        maps = self.trunk(images)
        return torch.cat([part + head(part) for part, head in zip(maps, self.heads, strict=True)], dim=1)

    def compared(self, exemplar: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Features as they are correlated: the products of two cells are the sum of the cosines of both depths.

        The exemplar's mean of each channel is subtracted from both, and every cell of each depth is scaled to length 1.
        Of the exemplar the middle is kept.
        """
        mean = exemplar.mean((2, 3), keepdim=True)
        edge = (exemplar.shape[-1] - EXEMPLAR_CELLS) // 2
        middle = exemplar[..., edge : edge + EXEMPLAR_CELLS, edge : edge + EXEMPLAR_CELLS]
        return self._unit(middle - mean), self._unit(search - mean)

    def _unit(self, features: Tensor) -> Tensor:
        parts = features.split(self.trunk.kind.channels, dim=1)
        return torch.cat([F.normalize(part, dim=1) for part in parts], dim=1)
