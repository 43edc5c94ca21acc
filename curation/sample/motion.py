"""Smooth random curves: how things move, turn, grow and brighten over the frames of a clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

GRID = 1024.0
"""Curves are rounded to 1/GRID, so that the last bit of a sine, which differs between processors, is lost."""


def smooth_curve(
    rng: np.random.Generator, frames: int, *, period: float, amplitude: float, detail: float = 0.35
) -> FloatArray:
    """A smooth random curve with inertia: three harmonics of random phase.

    Parameters
    ----------
    rng : numpy.random.Generator
    frames : int
        Length of the curve.
    period : float
        Frames that the slowest harmonic takes for one swing; the others take 0.53 and 0.31 of it.
    amplitude : float
        Bound of the absolute value.
    detail : float
        Weight of the second harmonic against the first; the third has the square of it.

    Returns
    -------
    (frames,) float64
    """
    time = np.arange(frames) / period
    phases = rng.random(3)
    weights = (1.0, detail, detail * detail)
    rates = (1.0, 1 / 0.53, 1 / 0.31)
    curve = np.zeros(frames)
    for phase, weight, rate in zip(phases, weights, rates, strict=True):
        curve += weight * np.sin(2 * np.pi * (rate * time + phase))
    return np.rint(curve * (amplitude / sum(weights)) * GRID) / GRID


def shake_curve(rng: np.random.Generator, frames: int, amplitude: float) -> FloatArray:
    """Hand shake, (frames,) float64: noise over three frames, of standard deviation `amplitude`."""
    noise = rng.normal(0.0, 1.0, frames + 2) * amplitude
    return np.rint((noise[:-2] * 0.5 + noise[1:-1] + noise[2:] * 0.5) / 1.2247 * GRID) / GRID


def excursion(frames: int, leave: int, back: int, ramp: int) -> FloatArray:
    """A smooth step from 0 to 1 and back: 0 until `leave - ramp`, 1 from `leave` to `back`, 0 from `back +
    ramp`.

    Returns
    -------
    (frames,) float64 in 0..1
    """
    time = np.arange(frames, dtype=np.float64)
    rise = np.clip((time - (leave - ramp)) / ramp, 0.0, 1.0)
    fall = np.clip((back + ramp - time) / ramp, 0.0, 1.0)
    step = np.minimum(rise, fall)
    return step * step * (3.0 - 2.0 * step)
