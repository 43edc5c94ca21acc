"""Find a lost target again: the whole frame is searched part by part, and a second model, which never learns, confirms.

A target that was covered for long may return outside the search region. The learning head alone takes look-alikes for
it; what also answers as the target does to the head of the first frame rarely is one (trials/LOSSES.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import cycle, islice

import numpy as np
from torch import Tensor

from training.tracking.interface import Frame
from training.tracking.online.head import Head
from training.tracking.online.online_config import RedetectionConfig
from training.tracking.online.peak import find_peak, height

REMEMBERED = 50
"""Frames with the target in sight whose peaks say what is usual: those without it do not lower the median."""

CONFIRMED_EVERY = 5
"""Frames with the target in sight from one answer of the first head to the next."""

OVERLAP = 0.9
"""Distance of neighbouring parts of the frame, in sides of the response map."""


class Redetection:
    """Knows how long the target has been out of sight, and looks for it elsewhere.

    Parameters
    ----------
    config : RedetectionConfig
    head : Head
        Taught on the first frame; a copy is kept as it is.
    doubt : float
        The target is in sight where the peak is over this share of the usual one.
    """

    def __init__(self, config: RedetectionConfig, head: Head, doubt: float) -> None:
        self.config = config
        self._head = head
        self._first = head.frozen()
        self._doubt = doubt
        self._peaks: deque[float] = deque(maxlen=REMEMBERED)
        self._answers: deque[float] = deque(maxlen=REMEMBERED)
        self._seen = self._unseen = 0
        self._places: Iterator[np.ndarray] = iter(())

    @property
    def due(self) -> bool:
        """Whether the target has been out of sight for so long that it is looked for elsewhere."""
        return (
            0 < self.config.after <= self._unseen
            and float(np.median(self._answers)) >= self.config.least  # else it would confirm anything
        )

    def watch(self, spectrum: Tensor, response: np.ndarray, place: np.ndarray) -> None:
        """Take note of a frame.

        Parameters
        ----------
        spectrum : (1, frequencies, C) complex tensor
            Of its search region.
        response : (h, w) float array
            Of the learning head.
        place : (y, x)
            Of the target in it, cells from the middle.
        """
        peak = float(response.max())
        if self._peaks and peak < self._doubt * float(np.median(self._peaks)):
            self._unseen += 1
            return
        self._peaks.append(peak)
        if self._seen % CONFIRMED_EVERY == 0:
            self._answers.append(height(self._respond(self._first, spectrum), place))
        self._seen += 1
        self._unseen = 0

    def search(
        self,
        frame: Frame,
        centre: np.ndarray,
        step: np.ndarray,
        spectra_at: Callable[[list[np.ndarray]], list[Tensor]],
    ) -> np.ndarray | None:
        """Look at the next parts of the frame, from the last place outwards, over and over.

        Parameters
        ----------
        frame : (H, W, 3) uint8
        centre : (2,) float64
            (x, y) where the target was last, frame pixels; a search starts from it.
        step : (2,) float64
            Frame pixels per cell, x and y.
        spectra_at : callable
            Spectra (1, frequencies, C) of the search regions around some (x, y).

        Returns
        -------
        (2,) float64 or None
            (x, y) of the target, if both heads answer there as they usually do to it.
        """
        usual, confirmed = float(np.median(self._peaks)), float(np.median(self._answers))
        if self._unseen == self.config.after:
            self._places = cycle(parts(frame, centre, np.array(self._head.size[::-1]) * step * OVERLAP))
        best, found = 0.0, None
        places = list(islice(self._places, self.config.parts))
        for place, spectrum in zip(places, spectra_at(places), strict=True):
            response = self._respond(self._head, spectrum)
            offset = find_peak(response)
            shares = (
                float(response.max()) / usual,
                height(self._respond(self._first, spectrum), offset) / confirmed,
            )
            if min(shares) > self.config.share and sum(shares) > best:
                best, found = sum(shares), place + offset[::-1] * step
        return found

    @staticmethod
    def _respond(head: Head, spectrum: Tensor) -> np.ndarray:
        response: np.ndarray = head.respond(spectrum)[0].cpu().numpy()
        return response


def parts(frame: Frame, centre: np.ndarray, distance: np.ndarray) -> list[np.ndarray]:
    """Middles (x, y) of the parts of a frame around the one at `centre`, the nearest first; it is not among them.

    Parameters
    ----------
    frame : (H, W, 3) uint8
    centre : (2,) float64
        (x, y), frame pixels.
    distance : (2,) float64
        Of neighbours, x and y, frame pixels.
    """
    last = np.array([frame.shape[1], frame.shape[0]]) - 1.0
    most = np.ceil((last + 1) / distance).astype(int)
    grid = np.mgrid[-most[0] : most[0] + 1, -most[1] : most[1] + 1].reshape(2, -1).T * distance
    grid = grid[np.argsort(np.hypot(*grid.T), kind="stable")][1:] + centre
    inside = np.clip(grid, 0.0, last)
    return list(inside[(np.abs(grid - inside) < distance / 2).all(axis=1)])
