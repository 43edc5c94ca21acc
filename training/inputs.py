"""From the uint8 batch of a loader to the network's input, on the training device."""

from __future__ import annotations

import torch
from torch import Tensor

from training.labels import LabelConfig, label_maps
from training.loader import PairBatch
from training.networks import STRIDE


def move(batch: PairBatch, device: torch.device) -> PairBatch:
    """The batch on `device`; pinned memory is copied without waiting."""
    return PairBatch(*(tensor.to(device, non_blocking=True) for tensor in batch))


def images(pixels: Tensor, colour: Tensor, *, channels_last: bool) -> Tensor:
    """Float RGB images from uint8 BGR, with each image's colour matrix applied.

    Parameters
    ----------
    pixels : (B, H, W, 3) uint8 tensor
        BGR.
    colour : (B, 3, 4) float32 tensor
        RGB -> RGB, 0..255; the result is clamped to that range.
    channels_last : bool
        Memory format of the result; either way its shape is (B, 3, H, W).

    Returns
    -------
    (B, 3, H, W) float32 tensor
        RGB, 0..255.
    """
    batch, height, width, _ = pixels.shape
    flat = pixels.reshape(batch, height * width, 3).float()
    matrix = colour[:, :, :3].flip(-1).transpose(1, 2)  # (B, 3 BGR, 3 RGB)
    rgb = torch.baddbmm(colour[:, None, :, 3], flat, matrix).clamp_(0, 255)  # (B, H W, 3)
    result = rgb.reshape(batch, height, width, 3).permute(0, 3, 1, 2)
    return result if channels_last else result.contiguous()


def labels(batch: PairBatch, size: int, config: LabelConfig) -> Tensor:
    """Label maps (B, 1, size, size) of a batch: the target's offset in pixels, in cells of the response."""
    return label_maps(size, batch.offset / STRIDE, config)
