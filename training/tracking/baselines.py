"""Two trackers without learning, for comparison: a still box, and template matching."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from curation.config import STRICT, parameters
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.windows import box_around, centre_and_size, inside


class StillTracker(CheckedTracker):
    """Always returns the first box: a benchmark's score without any tracking."""

    def _start(self, frame: Frame, box: Box) -> None:  # noqa: ARG002
        self._first = box.copy()

    def _locate(self, frame: Frame) -> Box:  # noqa: ARG002
        return self._first


@parameters(frozen=True, kw_only=True, config=STRICT)
class TemplateConfig:
    """Settings of template matching.

    Parameters
    ----------
    reach : float
        How far from its last place the target is looked for, in sizes of the target per axis.
    """

    reach: float = Field(default=1.0, gt=0, le=10)


class TemplateTracker(CheckedTracker):
    """Normalised cross-correlation with the first frame's target, near its last place, at its first size."""

    def __init__(self, config: TemplateConfig | None = None) -> None:
        self.config = config or TemplateConfig()

    def _start(self, frame: Frame, box: Box) -> None:
        corners = np.round([box[:2], box[:2] + box[2:]]).astype(int)
        size = np.array([frame.shape[1], frame.shape[0]])
        (left, top), (right, bottom) = np.clip(corners, 0, [size - 1, size])  # a pixel at least
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        self._template = frame[top:bottom, left:right].copy()
        self._offset = box[:2] - [left, top]  # from the template's corner to the box's
        self._corner = np.array([left, top])
        self._size = box[2:].copy()
        self._flat = float(self._template.std(axis=(0, 1)).max()) < 1e-6

    def _locate(self, frame: Frame) -> Box:
        height, width = self._template.shape[:2]
        reach = np.ceil(self.config.reach * np.array([width, height])).astype(int)
        limits = np.array([frame.shape[1], frame.shape[0]])
        start = np.clip(self._corner - reach, 0, limits)
        extent = np.array([width, height])
        stop = np.clip(self._corner + extent + reach, 0, limits)
        if not self._flat and (stop - start >= extent).all():
            region = frame[start[1] : stop[1], start[0] : stop[0]]
            score = cv2.matchTemplate(region, self._template, cv2.TM_CCOEFF_NORMED)
            score = np.where(np.isfinite(score), score, -1.0)
            row, column = np.unravel_index(int(score.argmax()), score.shape)
            self._corner = start + np.array([column, row])
        centre, size = centre_and_size(np.concatenate([self._corner + self._offset, self._size]))
        return box_around(inside(centre, frame), size)
