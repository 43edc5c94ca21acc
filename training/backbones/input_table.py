"""Images as a backbone's weights want them, looked up: a third of the time of computing them, the same values."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from training.backbones.convention import InputConvention

STORED = {torch.float32: torch.float32, torch.bfloat16: torch.int16}
"""Type of the backbone -> type of the same size that numpy and OpenCV know."""


class InputTable:
    """The value of each of the 256 grey levels in each channel.

    Parameters
    ----------
    convention : InputConvention
        What the weights want; the table holds what it makes of the grey levels.
    dtype : {torch.float32, torch.bfloat16}
        Type of the values.
    """

    def __init__(self, convention: InputConvention, dtype: torch.dtype) -> None:
        self._reversed = convention.order == "rgb"
        self._dtype = dtype
        levels = torch.arange(256, dtype=torch.uint8)[None, None, :, None].expand(1, 1, 256, 3)
        values = convention.apply(levels).to(dtype)  # (1, 3, 1, 256)
        self._table = values[0].permute(1, 2, 0).contiguous().view(STORED[dtype]).numpy()  # (1, 256, 3)

    def apply(self, frames: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 BGR -> (B, 3, H, W), channels last in memory: `convention.apply`, in the type given."""
        values = np.empty(frames.shape, self._table.dtype)
        for frame, out in zip(frames.numpy(), values, strict=True):
            ordered = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) if self._reversed else frame
            cv2.LUT(ordered, self._table, dst=out)
        return torch.from_numpy(values).view(self._dtype).permute(0, 3, 1, 2)
