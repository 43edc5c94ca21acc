"""Turn images of any depth and colour into 8-bit BGR, all images of one source alike."""

from __future__ import annotations

import logging

import numpy as np

from curation.errors import InputError
from training.tracking.interface import Frame

log = logging.getLogger(__name__)

TAILS = (0.1, 99.9)
"""Percentiles of an image that count as its darkest and brightest."""

MARGIN = 0.1
"""What is added to the stretch at both ends, of its length: later images may be brighter or darker."""

SHADES = 8
"""Shades that the first image must keep in a given stretch, if it has more; else somebody is told."""

LOST = 0.02
"""Share of an image's values outside the stretch from which somebody is told."""


class Levels:
    """Brings images to (H, W, 3) uint8 BGR.

    8 bits stay as they are. Of any other type a stretch of its range becomes 0..255: the one given, or that which the
    first such image uses, with a margin; it is said once, and then holds for the whole source, because a target that
    changed its grey from frame to frame would be another target. An image of 16 bits that uses more than half of
    them is divided by 257.

    Parameters
    ----------
    given : (float, float), optional
        Values that become 0 and 255.

    Raises
    ------
    InputError
        If `given` are no two finite numbers, or the second is not greater.

    Attributes
    ----------
    stretch : (float, float) or None
        Those values, once an image has needed them.
    """

    def __init__(self, given: tuple[float, float] | None = None) -> None:
        if given is not None:
            _check_stretch(*given)
        self.stretch = given
        self._given = given is not None
        self._told = False

    def to_bgr8(self, image: np.ndarray, name: str = "image") -> Frame:
        """An image as OpenCV reads it: grey is repeated, alpha dropped, other depths stretched.

        Parameters
        ----------
        image : (H, W) or (H, W, C) array
            Of any real type; `name` is for messages.
        """
        if image.ndim == 2:
            image = image[:, :, None]
        if image.shape[2] in (1, 2):
            image = np.repeat(image[:, :, :1], 3, axis=2)
        image = image[:, :, :3]
        if image.dtype != np.uint8:
            image = self._stretched(image, name)
        elif self._given:
            self._given = False
            log.warning("%s has 8 bits: --range is for images of more, and changes nothing", name)
        return np.ascontiguousarray(image, dtype=np.uint8)

    def _stretched(self, image: np.ndarray, name: str) -> np.ndarray:
        values = np.nan_to_num(image.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        if self.stretch is None:
            self.stretch = _stretch(values, image.dtype)
            log.info("%s: %s, %g to %g become 0 to 255", name, _type(image), *self.stretch)
        low, high = self.stretch
        if self._given:
            self._given = False
            _report_shades(values, low, high, name)
        scaled = np.rint((values - low) * np.float32(255.0 / (high - low)))
        lost = float(((scaled < 0) | (scaled > 255)).mean())
        if lost > LOST and not self._told:
            self._told = True
            log.warning(
                "%s: %.0f %% of its values lie outside of %g to %g and become black or white. "
                "Give the stretch: --range LOW,HIGH",
                name,
                100 * lost,
                low,
                high,
            )
        return np.clip(scaled, 0, 255)


def _check_stretch(low: float, high: float) -> None:
    with np.errstate(over="ignore"):
        length = np.float32(high) - np.float32(low)
    if not np.isfinite(np.array([low, high, length])).all():
        raise InputError(f"--range {low:g},{high:g}: the numbers must be finite", do="Give --range 0,4095")
    if length < np.finfo(np.float32).tiny * 256:
        raise InputError(
            f"--range {low:g},{high:g}: the second number must be greater", do="Turn them around"
        )


def _report_shades(values: np.ndarray, low: float, high: float, name: str) -> None:
    """Report a stretch in which nearly nothing is left of an image."""
    darkest, brightest = np.clip(np.percentile(values, TAILS), low, high)
    shades = int(255 * (brightest - darkest) / (high - low)) + 1
    if shades < SHADES and values.max() > values.min():
        log.warning(
            "%s: %g to %g leave only %d of 256 greys to its values, %g to %g. Give another --range LOW,HIGH, or none",
            name,
            low,
            high,
            shades,
            values.min(),
            values.max(),
        )


def _stretch(values: np.ndarray, dtype: np.dtype) -> tuple[float, float]:
    """The range of values that an image uses, with a margin; all 16 bits if it uses over half."""
    low, high = (float(value) for value in np.percentile(values, TAILS))
    whole = (0.0, 65535.0) if dtype == np.uint16 else None
    if whole and (high - low > whole[1] / 2 or high <= low):
        return whole
    if high <= low:
        return low, low + 255.0
    margin = MARGIN * (high - low)
    low, high = low - margin, high + margin
    return (max(low, 0.0), high) if dtype.kind == "u" else (low, high)


def _type(image: np.ndarray) -> str:
    kind = {"u": "bits", "i": "bits with a sign"}.get(image.dtype.kind, "bits, fractions")
    return f"{8 * image.dtype.itemsize} {kind}"
