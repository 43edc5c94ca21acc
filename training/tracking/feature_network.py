"""Fixed features of a backbone, compared as cosines: a network of `SiameseTracker` that was never trained to track."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from curation.errors import InputError
from training.network.siamese_network import STRIDE, correlate
from training.tracking.online.backbones.backbone import Backbone

EXEMPLAR_CELLS = 7
"""Side of the exemplar's middle that is compared, cells: 56 of 127 px, where the target's mean side is 64 px."""


class FeatureNetwork:
    """Both maps of a backbone, as `SiameseTracker` wants them of a network.

    Zero padding tells a backbone where the border is, so that a target would be looked for where it stands in the
    exemplar (SiamDW: Zhang and Peng, 2019; SiamRPN++: Li et al., 2019). So the backbone's border is left out.

    Parameters
    ----------
    backbone : Backbone
        Of stride 8.

    Raises
    ------
    InputError
        If it has another stride.
    """

    def __init__(self, backbone: Backbone) -> None:
        if backbone.stride != STRIDE:
            raise InputError(
                f"the tracker `features` needs a backbone of stride {STRIDE}, and {backbone.name} has {backbone.stride}",
                do="Run: python -m pipelines profile --set track.backbone.name=efficientnet_lite0",
                reason="unsuitable backbone",
            )
        self.backbone = backbone

    def embed(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) RGB, whole numbers 0..255 -> (B, C1 + C2, h, w) float32; h is odd, so the middle is a cell."""
        cells, pixels = 1, images.shape[-1]
        while self.backbone.input_side(cells) < pixels:
            cells += 2
        spare = self.backbone.input_side(cells) - pixels
        images = F.pad(images, (spare // 2, spare - spare // 2) * 2, mode="replicate")
        frames = images.permute(0, 2, 3, 1).flip(-1).to(torch.uint8)
        return torch.cat(self.backbone.features(frames, without=self.backbone.border), dim=1).float()

    def respond(self, exemplar: Tensor, search: Tensor) -> Tensor:
        """Mean cosine of the cells of both depths: (1 or B, C, k, k) and (1 or B, C, h, w) -> (B, 1, h - 6, w - 6).

        The exemplar's mean of each channel is subtracted from both. Of the exemplar the middle is compared.
        """
        mean = exemplar.mean((2, 3), keepdim=True)
        edge = (exemplar.shape[-1] - EXEMPLAR_CELLS) // 2
        middle = exemplar[..., edge : edge + EXEMPLAR_CELLS, edge : edge + EXEMPLAR_CELLS]
        products = correlate(self._unit(middle - mean), self._unit(search - mean))
        return products / (len(self.backbone.channels) * EXEMPLAR_CELLS**2)

    def _unit(self, features: Tensor) -> Tensor:
        """Every cell of each depth scaled to length 1."""
        parts = features.split(self.backbone.channels, dim=1)
        return torch.cat([F.normalize(part, dim=1) for part in parts], dim=1)
