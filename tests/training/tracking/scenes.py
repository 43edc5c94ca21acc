"""Small scenes with a known target, for tracker tests, and the manifest of a benchmark of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from curation.documents.manifest_record import Manifest
from curation.manifest import SequenceFiles, scan_sequences
from curation.parallel import Workers
from training.benchmark.sequences.sequence import Benchmark


def texture(height: int, width: int, seed: int, *, grain: int = 4) -> np.ndarray:
    """(height, width, 3) uint8 smooth noise."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // grain + 2, width // grain + 2, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def moving_target(
    frames: int = 12,
    *,
    size: tuple[int, int] = (40, 32),
    velocity: tuple[float, float] = (3.0, 2.0),
    growth: float = 1.0,
    shape: tuple[int, int] = (180, 240),
    start: tuple[float, float] = (60.0, 50.0),
    seed: int = 0,
) -> tuple[list[np.ndarray], np.ndarray]:
    """A textured rectangle of (w, h) `size` that moves and grows over a textured background.

    Returns (H, W, 3) uint8 frames and (N, 4) float64 xywh boxes.
    """
    background = texture(*shape, seed, grain=16) // 2
    target = texture(size[1], size[0], seed + 1)
    images, boxes = [], []
    for index in range(frames):
        scale = growth**index
        w, h = round(size[0] * scale), round(size[1] * scale)
        x, y = round(start[0] + velocity[0] * index), round(start[1] + velocity[1] * index)
        image = background.copy()
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, shape[1]), min(y + h, shape[0])
        if right > left and bottom > top:
            patch = cv2.resize(target, (w, h), interpolation=cv2.INTER_LINEAR)
            image[top:bottom, left:right] = patch[top - y : bottom - y, left - x : right - x]
        images.append(image)
        boxes.append((x, y, w, h))
    return images, np.array(boxes, dtype=np.float64)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two xywh boxes."""
    low = np.maximum(one[:2], other[:2])
    high = np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    shared = np.prod(np.maximum(high - low, 0))
    return float(shared / (np.prod(one[2:]) + np.prod(other[2:]) - shared))


def manifest_of(benchmark: Benchmark, state: Path) -> Manifest:
    """What the manifest stage says of a benchmark's files as they are now."""
    files = [SequenceFiles(one.name, one.frames, one.annotation_files) for one in benchmark.sequences]
    return scan_sequences(benchmark.name, files, state=state, strict=True, workers=Workers(jobs=1))
