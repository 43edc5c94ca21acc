"""The memory of samples from which the head is updated."""

from __future__ import annotations

from torch import Tensor


class SampleMemory:
    """Spectra and labels: a few of the first frame, which stay, and recent ones, which replace the oldest.

    Parameters
    ----------
    spectra : (P, frequencies, C) complex tensor
        Samples of the first frame.
    labels : (P, h, w) tensor
        Their labels.
    recent : int
        How many later samples are kept.
    """

    def __init__(self, spectra: Tensor, labels: Tensor, recent: int) -> None:
        self._kept = labels.shape[0]
        self._recent = recent
        self._added = 0
        self._spectra = spectra.new_zeros((self._kept + recent, *spectra.shape[1:]))
        self._labels = labels.new_zeros((self._kept + recent, *labels.shape[1:]))
        self._spectra[: self._kept] = spectra
        self._labels[: self._kept] = labels

    def __len__(self) -> int:
        return self._kept + min(self._added, self._recent)

    def add(self, spectrum: Tensor, label: Tensor) -> None:
        """Keep a sample: (1, frequencies, C) and (h, w)."""
        slot = self._kept + self._added % self._recent
        self._spectra[slot] = spectrum[0]
        self._labels[slot] = label
        self._added += 1

    @property
    def spectra(self) -> Tensor:
        """(N, frequencies, C) of all samples held."""
        return self._spectra[: len(self)]

    @property
    def labels(self) -> Tensor:
        """(N, h, w) of all samples held."""
        return self._labels[: len(self)]
