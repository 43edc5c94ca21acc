"""Reduce two maps of up to hundreds of channels to the few of the head; fitted on the first frame."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.tracking.online.online_config import ReductionConfig


class Reduction:
    """One affine 1 x 1 map per depth, to principal components of unit mean variance.

    Parameters
    ----------
    config : ReductionConfig
    shallow, deep : (1, C, h, w) tensors
        Features of the first region.
    """

    def __init__(self, config: ReductionConfig, shallow: Tensor, deep: Tensor) -> None:
        self.config = config
        weight, bias = _principal(shallow, config.channels)
        self._shallow = config.shallow * weight, config.shallow * bias
        weight, bias = self._deep = _principal(deep, config.channels)
        shares = [config.deep]  # of the deep features in the fused ones,
        if config.residual == "both":
            shares.append(1.0)  # and beside them
        self._shared = torch.cat([s * weight for s in shares]), torch.cat([s * bias for s in shares])

    @property
    def channels(self) -> int:
        """Channels of `reduce`: those of the fused features, and as many of the deep ones, where both count."""
        return (2 if self.config.residual == "both" else 1) * self.config.channels

    def reduce(self, shallow: Tensor, deep: Tensor) -> Tensor:
        """(B, C1, h, w), (B, C2, h, w) -> (B, `channels`, h, w) float32: fused features, deep ones, or both."""
        if self.config.residual == "none":
            return F.conv2d(deep, *self._deep).float()
        features = F.conv2d(deep, *self._shared).float()
        features[:, : self.config.channels] += F.conv2d(shallow, *self._shallow).float()
        return features


def _principal(maps: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """Weight (R, C, 1, 1) and bias (R,) of the projection onto the R leading principal components.

    Where the maps have fewer channels, the last components are zero.
    """
    cells = maps[0].flatten(1).double()  # (C, h w)
    mean = cells.mean(dim=1)
    centred = cells - mean[:, None]
    variances, axes = torch.linalg.eigh(centred @ centred.T / cells.shape[1])  # ascending
    kept = axes[:, -channels:].T.flip(0)  # (R, C)
    scale = variances[-channels:].clamp_min(0).mean().clamp_min(1e-12).rsqrt()
    kept = kept * scale
    if len(kept) < channels:
        kept = F.pad(kept, (0, 0, 0, channels - len(kept)))
    return kept[:, :, None, None].to(maps.dtype), -(kept @ mean).to(maps.dtype)
