"""The regression head: 'valid' convolutions of the target's size, computed in the Fourier domain.

The paper's head is response = respond_a(fused) + respond_b(deep) (residual fusion of response maps). Both are
linear, so they are one kernel over the channels [fused, deep]: the fusion is exact and costs nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

FAST = (12, 16, 18, 20, 24, 30, 32, 36, 40, 48, 54, 60, 64, 72, 80, 90, 96, 108, 120, 128, 144, 160, 192, 256)
"""Sizes whose transforms are quick; prime sizes cost half as much again."""


class Head:
    """One kernel over all channels and a bias.

    Parameters
    ----------
    channels : int
    kernel : (int, int)
        Height and width of the kernel, cells.
    cells : (int, int)
        Height and width of the feature maps, cells.
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

    def spectra(self, features: Tensor) -> Tensor:
        """(B, C, h, w) features -> (frequencies, B, C) complex64, the form in which samples are kept."""
        transformed = torch.fft.rfft2(features, s=self._padded)  # (B, C, fh, fw)
        return transformed.flatten(2).permute(2, 0, 1).contiguous()

    def respond(self, spectra: Tensor) -> Tensor:
        """(frequencies, B, C) -> (B, h', w') responses: correlation with the kernel, plus the bias."""
        return self.apply(spectra, self.weight) + self.bias

    def apply(self, spectra: Tensor, weight: Tensor) -> Tensor:
        """Correlation of samples with any kernel (C, k_h, k_w), without a bias."""
        kernel = self._rows(weight)  # (frequencies, 1, C)
        product = torch.bmm(kernel, spectra.transpose(1, 2))[:, 0].T  # (B, frequencies)
        return self._image(product)[:, : self.size[0], : self.size[1]]

    def gradient(self, spectra: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient of a loss for kernel and bias, from its gradient (B, h', w') for the responses."""
        product = torch.bmm(self._rows(slope), spectra)[:, 0].T  # (C, frequencies)
        return self._image(product)[:, : self.kernel[0], : self.kernel[1]], slope.sum()

    def correlate(self, features: Tensor) -> Tensor:
        """Responses of maps of any size (B, C, h, w), without the Fourier transform of the whole region."""
        return torch.nn.functional.conv2d(features, self.weight[None])[:, 0] + self.bias

    def _rows(self, images: Tensor) -> Tensor:
        """Conjugate spectra of (N, h, w) images as contiguous rows (frequencies, 1, N).

        Products of rows with matrices, contiguous: the other ways round, the same products take 5 to 10 times as
        long on a CPU.
        """
        spectra = torch.fft.rfft2(images, s=self._padded).flatten(1).T
        return spectra.contiguous()[:, None].conj()

    def _image(self, spectrum: Tensor) -> Tensor:
        height, width = self._padded
        return torch.fft.irfft2(spectrum.reshape(-1, height, width // 2 + 1), s=self._padded)
