"""Reduce two maps of hundreds of channels to the few that the head uses; fitted on the first frame."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from curation.config import STRICT, parameters


@parameters(frozen=True, kw_only=True, config=STRICT)
class ReductionConfig:
    """Reduction and fusion of the two depths.

    Parameters
    ----------
    channels : int
        Channels kept per depth; paper: 128 learnt ones. Principal components of the first region do better
        than learnt ones (TRIALS.md) and need no training.
    shallow, deep : float
        Weights of the two depths in the fused features (residual fusion); paper: 0.8 and 0.2.
    residual : {"both", "features", "none"}
        Residual connections: `both` (paper) fuses the depths' features, and adds the response of the deep ones
        to that of the fused ones; `features` leaves the second response out; `none` has the deep ones alone.
    """

    channels: int = Field(default=32, ge=1, le=512)
    shallow: float = Field(default=0.8, ge=0, le=1)
    deep: float = Field(default=0.2, ge=0, le=1)
    residual: Literal["both", "features", "none"] = "both"


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
        """(B, C1, h, w), (B, C2, h, w) -> (B, 2 R, h, w) float32: fused features, then deep ones (or one of them)."""
        if self.config.residual == "none":
            return F.conv2d(deep, *self._deep).float()
        features = F.conv2d(deep, *self._shared).float()
        features[:, : self.config.channels] += F.conv2d(shallow, *self._shallow).float()
        return features


def _principal(maps: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """Weight (R, C, 1, 1) and bias (R,) of the projection onto the leading principal components."""
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
