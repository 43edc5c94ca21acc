"""Weights for a backbone whose file is not at hand."""

from __future__ import annotations

import torch

from training.backbones.backbone_config import BACKBONES


def random_weights(name: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """He-initialised convolutions of a backbone, by canonical name."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for layer, shape in BACKBONES[name].shapes.items():
        fan_in = shape[1] * shape[2] * shape[3]
        weights[f"{layer}.weight"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        weights[f"{layer}.bias"] = torch.randn(shape[:1], generator=generator) * 0.01
    return weights
