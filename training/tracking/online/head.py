"""The regression head: 'valid' convolutions of the target's size, computed in the Fourier domain.

The paper's head is response = respond_a(fused) + respond_b(deep) (residual fusion of response maps). Both are
linear, so they are one kernel over the channels [fused, deep]: the fusion is exact and costs nothing.
"""

from __future__ import annotations

import math
from copy import copy

import torch
from torch import Tensor

FAST = (12, 16, 18, 20, 24, 30, 32, 36, 40, 48, 54, 60, 64, 72, 80, 90, 96, 108, 120, 128, 144, 160, 192, 256)
"""Sides whose Fourier transforms are quick; prime sides cost half as much again."""


class Head:
    """One kernel over all channels and a bias.

    Parameters
    ----------
    channels : int
    kernel : (int, int)
        Height and width of the kernel, cells.
    cells : (int, int)
        Height and width of the feature maps, cells.
    device : torch.device
    """

    def __init__(
        self, channels: int, kernel: tuple[int, int], cells: tuple[int, int], *, device: torch.device
    ) -> None:
        self.kernel = kernel
        self.cells = cells
        self.size = (cells[0] - kernel[0] + 1, cells[1] - kernel[1] + 1)
        self._padded = tuple(next((fast for fast in FAST if fast >= side), side) for side in cells)
        self.weight = torch.zeros((channels, *kernel), device=device)
        self.bias = torch.zeros((), device=device)
        height, width = self._padded
        half = width // 2 + 1
        self._down = _waves(height, kernel[0], height).to(device)  # (fh, k_h)
        self._across = _waves(half, kernel[1], width).to(device)  # (fw, k_w)
        twice = torch.full((half,), 2.0)  # real images: a column stands for its mirror image too
        twice[0] = 1.0
        if width % 2 == 0:
            twice[-1] = 1.0
        self._weights = (twice / (height * width)).to(device)[:, None]  # (fw, 1)

    def frozen(self) -> Head:
        """A copy that does not learn with this one."""
        other = copy(self)
        other.weight, other.bias = self.weight.clone(), self.bias.clone()
        return other

    def spectra(self, features: Tensor) -> Tensor:
        """(B, C, h, w) features -> (B, frequencies, C) complex64, the form in which samples are kept.

        Each sample in one piece: where the samples of a frequency lie together, a few of many take four times as
        long to read.
        """
        transformed = torch.fft.rfft2(features, s=self._padded)  # (B, C, fh, fw)
        return transformed.flatten(2).transpose(1, 2).contiguous()

    def respond(self, spectra: Tensor) -> Tensor:
        """(B, frequencies, C) -> (B, h', w') responses: correlation with the kernel, plus the bias."""
        product = torch.bmm(self._kernel_rows(), spectra.permute(1, 2, 0))[:, 0].T  # (B, frequencies)
        height, width = self._padded
        maps = torch.fft.irfft2(product.reshape(-1, height, width // 2 + 1), s=self._padded)
        return maps[:, : self.size[0], : self.size[1]] + self.bias

    def gradient(self, spectra: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of a loss for kernel (C, k_h, k_w) and bias (), from its gradient (B, h', w') for the responses."""
        rows = torch.fft.rfft2(slope, s=self._padded).flatten(1).T.contiguous()[:, None].conj()
        return self._kernel_part(torch.bmm(rows, spectra.transpose(0, 1))), slope.sum()

    def match(self, features: Tensor) -> Tensor:
        """Responses (B,) where the kernel covers maps of its own size (B, C, k_h, k_w)."""
        return (features * self.weight).sum(dim=(1, 2, 3)) + self.bias

    def _kernel_rows(self) -> Tensor:
        """Conjugate spectrum of the kernel as contiguous rows (frequencies, 1, C).

        Products of rows with matrices, contiguous: the other ways round, the same products take 5 to 10 times as
        long on a CPU. A kernel is small: two products with waves take a quarter of its padded Fourier transform.
        """
        channels = len(self.weight)
        columns = self._across @ self.weight.permute(1, 2, 0).to(torch.complex64)  # (k_h, fw, C)
        return (self._down @ columns.flatten(1)).reshape(-1, 1, channels)

    def _kernel_part(self, rows: Tensor) -> Tensor:
        """The kernel's part (C, k_h, k_w) of the images with the spectra (frequencies, 1, C) as rows."""
        height, channels = self._padded[0], rows.shape[2]
        columns = self._down.T @ rows.reshape(height, -1)  # (k_h, fw C)
        columns = columns.reshape(self.kernel[0], -1, channels) * self._weights
        return (self._across.T @ columns).real.permute(2, 0, 1).contiguous()


def _waves(frequencies: int, cells: int, period: int) -> Tensor:
    """exp(2 pi i f x / period) of every frequency f and cell x: (frequencies, cells) complex64."""
    turns = torch.outer(torch.arange(frequencies), torch.arange(cells)).double() / period
    return torch.exp(2j * math.pi * turns).to(torch.complex64)
