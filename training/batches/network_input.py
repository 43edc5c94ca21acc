"""Turn a loader's uint8 batch into the network's input, on the training device."""

from __future__ import annotations

import torch
from torch import Tensor

from training.batches.batch import PairBatch
from training.batches.label_config import LabelConfig
from training.batches.labels import label_maps
from training.network.image_sides import STRIDE

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in grey (ITU-R BT.601)."""


def move(batch: PairBatch, device: torch.device) -> PairBatch:
    """The batch on `device`; pinned memory is copied without waiting."""
    return PairBatch(*(tensor.to(device, non_blocking=True) for tensor in batch))


def images(pixels: Tensor, colour: Tensor, *, channels_last: bool) -> Tensor:
    """Float RGB images from uint8 BGR, with each image's colour change applied.

    Parameters
    ----------
    pixels : (B, H, W, 3) uint8 tensor
        BGR.
    colour : (B, 3) float32 tensor
        Brightness, contrast and saturation of `training.batches.augmentation.View`, in this order of rows and the
        opposite order of application: saturation about the luma, contrast about mid-grey, then brightness.
    channels_last : bool
        Memory format of the result; either way its shape is (B, 3, H, W).

    Returns
    -------
    (B, 3, H, W) float32 tensor
        RGB, clamped to 0..255.
    """
    batch, height, width, _ = pixels.shape
    brightness, contrast, saturation = colour[:, :, None].unbind(1)  # (B, 1) each
    identity = torch.eye(3, device=pixels.device)
    luma = torch.tensor(LUMA, device=pixels.device).expand(3, 3)  # every output channel takes the same luma
    matrix = contrast[:, None] * (saturation[:, None] * identity + (1 - saturation[:, None]) * luma)
    constant = 127.5 * (1 - contrast) + brightness
    flat = pixels.reshape(batch, height * width, 3).float()
    rgb = torch.baddbmm(constant[:, None], flat, matrix.flip(-1).transpose(1, 2)).clamp_(0, 255)
    result = rgb.reshape(batch, height, width, 3).permute(0, 3, 1, 2)
    return result if channels_last else result.contiguous()


def labels(batch: PairBatch, size: int, config: LabelConfig) -> Tensor:
    """Label maps (B, 1, size, size) of a batch; offsets are converted from pixels to response cells."""
    return label_maps(size, batch.offset / STRIDE, config)
