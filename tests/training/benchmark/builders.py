"""Sequences, benchmarks and folders for the tests of this package, and slow references written for the eye."""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path

import cv2
import numpy as np

from training.benchmark.arrays import Array
from training.benchmark.sequences.sequence import Benchmark, Sequence
from training.benchmark.sequences.sequence_list import load_listing
from training.benchmark.trajectory import Trajectory

PERFECT_AUC = 20 / 21


def boxes(*rows: Items[float]) -> Array:
    return np.array(rows, dtype=np.float64)


def still(rows: int, box: Items[float] = (10, 10, 20, 20)) -> Array:
    return np.tile(np.array(box, dtype=np.float64), (rows, 1))


def sequence(name: str, annotation: Array, **fields: object) -> Sequence:
    """A sequence without images; 1-based unless it says otherwise."""
    fields.setdefault("listed_size", (10_000, 10_000))
    return Sequence(name=name, frames=(), annotation=annotation, **fields)


def vot_sequence(
    name: str, annotation: Array, size: tuple[int, int] = (100, 100), **fields: object
) -> Sequence:
    return sequence(name, annotation, base=0, listed_size=size, **fields)


def benchmark(sequences: Items[Sequence], kind: str = "ope", **fields: object) -> Benchmark:
    return Benchmark(
        name="otb2015" if kind == "ope" else "vot2016",
        title="OTB-2015" if kind == "ope" else "VOT2016",
        kind=kind,
        sequences=list(sequences),
        result_folders=load_listing("otb2015" if kind == "ope" else "vot2016").results,
        **fields,
    )


def trajectory(*rows: Items[float]) -> Trajectory:
    return Trajectory.from_rows(rows)


def write_images(folder: Path, names: Items[str], size: tuple[int, int] = (32, 24)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        cv2.imwrite(str(folder / name), np.zeros((size[1], size[0], 3), np.uint8))


def write_rows(path: Path, rows: Items[Items[float]], separator: str = ",", end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(separator.join(f"{v:g}" for v in row) for row in rows) + end)


def slow_iou(a: Items[float], b: Items[float]) -> float:
    """Intersection over union of two boxes, one number at a time."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union else float("nan")  # a negative size may cancel the other's


def slow_matlab(result: Array, truth: Array) -> tuple[list[float], list[float]]:
    """Success and precision curves of one sequence by the MATLAB rules, frame by frame."""
    rows = [list(row) for row in result]
    for i in range(1, len(rows)):
        lost = all(np.isnan(v) for v in rows[i]) or rows[i][2] <= 0 or rows[i][3] <= 0
        if lost and not any(np.isnan(v) for v in truth[i]):
            rows[i] = rows[i - 1]
    rows[0] = list(truth[0])
    overlaps, errors = [], []
    for row, true in zip(rows, truth, strict=True):
        if all(v > 0 for v in true):
            overlaps.append(slow_iou(row, true))
            dx = row[0] + (row[2] - 1) / 2 - (true[0] + (true[2] - 1) / 2)
            dy = row[1] + (row[3] - 1) / 2 - (true[1] + (true[3] - 1) / 2)
            errors.append(float(np.sqrt(dx * dx + dy * dy)))
        else:
            overlaps.append(-1.0)
            errors.append(-1.0)
    success = [sum(o > k * 0.05 for o in overlaps) / len(rows) for k in range(21)]
    precision = [sum(e <= p for e in errors) / len(rows) for p in range(51)]
    return success, precision
