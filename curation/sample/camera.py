"""Camera faults: shutter, focus, exposure, white balance, noise, resolution, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from curation.sample.motion import shake_curve, smooth_curve
from curation.sample.sample_config import CameraConfig
from curation.sample.textures import Image

DRIFT_PERIOD = 50.0
"""Frames that the slowest change of focus, exposure or white balance takes for one swing."""

STEADY = 0.6
"""Share of the videos in which each of these things stays as it is from frame to frame."""


class Camera:
    """One camera filming one clip; it draws its faults when made, up to the limits of the configuration.

    Parameters
    ----------
    rng : numpy.random.Generator
    config : CameraConfig
    frames, width, height : int
        Length of the clip; size of the frame, pixels.

    Attributes
    ----------
    shake : (2, frames) float64
        Displacement of the picture, pixels.
    shutter : float
        Share of the time between frames for which the shutter is open: pictures of moving things are smeared
        by this share of their motion.
    quality : int or None
        JPEG quality; None for the dataset's own.
    """

    def __init__(
        self, rng: np.random.Generator, config: CameraConfig, frames: int, width: int, height: int
    ) -> None:
        self._config = config
        self._size = (width, height)
        tremble = config.shake * rng.uniform(0.3, 1.0)
        self.shake = np.stack([shake_curve(rng, frames, tremble) for _ in range(2)])
        self.shutter = config.motion_blur * float(rng.random())
        self.quality = None if config.worst_quality is None else int(rng.integers(config.worst_quality, 96))
        self._shrink = rng.uniform(config.resolution, 1.0) if rng.random() < 0.5 else 1.0
        softness = config.defocus * rng.random() ** 2
        drift = self._drift(rng, frames, 0.5 * config.defocus)
        self._focus = np.maximum(softness + drift, 0.0)
        self._tables = self._tone(rng, frames)
        self._noise = self._grain(rng, config.noise * rng.random() ** 2)
        self._corners = rng.integers(0, 64, (frames, 2))

    def _drift(self, rng: np.random.Generator, frames: int, amplitude: float) -> np.ndarray:
        steady = rng.random() < STEADY
        curve = smooth_curve(rng, frames, period=DRIFT_PERIOD, amplitude=amplitude)
        return np.zeros(frames) if steady else curve

    def _tone(self, rng: np.random.Generator, frames: int) -> Image:
        """Look-up tables (frames, 256, 3): gamma and black level of the clip, drifting gains per channel."""
        config = self._config
        level = np.linspace(0, 1, 256)
        gamma = np.exp(rng.uniform(-1, 1) * config.exposure)
        floor = rng.uniform(0, 0.25) * config.exposure
        curve = floor + (1 - floor) * level**gamma
        gain = np.exp(
            rng.uniform(-0.5, 0.5) * config.exposure + self._drift(rng, frames, 0.5 * config.exposure)
        )
        cast = rng.uniform(-1, 1, 3) * config.colour
        drifts = np.stack([self._drift(rng, frames, 0.5 * config.colour) for _ in range(3)], axis=1)
        tint = np.exp(cast + drifts)  # (frames, 3)
        table = 255 * curve[None, :, None] * (gain[:, None] * tint)[:, None, :]
        return np.rint(np.clip(table, 0, 255)).astype(np.uint8)

    def _grain(self, rng: np.random.Generator, deviation: float) -> np.ndarray | None:
        """A tile of noise, int16, larger than the frame by the shifts that frames take in it."""
        if deviation < 0.5:
            return None
        width, height = self._size
        luma = rng.normal(0.0, deviation, (height + 64, width + 64, 1))
        chroma = rng.normal(0.0, deviation * 0.5, (height + 64, width + 64, 3))
        return np.rint(luma + chroma).astype(np.int16)

    def expose(self, image: Image, frame: int) -> Image:
        """The picture that the camera makes of a perfect one; both are (H, W, 3) uint8 BGR."""
        width, height = self._size
        if self._shrink < 1:
            small = (max(16, round(width * self._shrink)), max(16, round(height * self._shrink)))
            reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
            image = np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        if self._focus[frame] > 0.25:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(self._focus[frame])), np.uint8)
        image = np.asarray(cv2.LUT(image, self._tables[frame][None]), np.uint8)
        if self._noise is not None:
            x, y = self._corners[frame]
            noisy = image + self._noise[y : y + height, x : x + width]
            image = np.clip(noisy, 0, 255).astype(np.uint8)
        return image
