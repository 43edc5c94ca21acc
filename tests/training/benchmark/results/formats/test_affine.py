"""Warps and corners as boxes: each type on a target that is known, from both toolkits' files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from training.benchmark.results.formats.affine import KINDS, boxes_of
from training.benchmark.results.result_reader import read_segments

BOX = [30.0, 20.0, 41.0, 21.0]  # left, top, width, height: columns 30..70 and rows 20..40
X, Y, W, H = BOX

RESULTS: dict[str, tuple[list[float] | list[list[float]], list[float]]] = {
    # A template of 20 x 10 about the middle of the box, enlarged.
    "ivtAff": ([X + W / 2, Y + H / 2, W / 20, 0, 0, H / 10], [20, 10]),
    # Template row 1..11 to rows 20..40, column 1..21 to columns 30..70.
    "L1Aff": ([2, 0, 0, 2, 18, 28], [11, 21]),
    # The same, less the identity.
    "LK_Aff": ([[1, 0, 28], [0, 1, 18]], [11, 21]),
    "4corner": ([[30, 70, 70, 30], [20, 20, 40, 40]], []),
    # Scale 1 adds to the identity.
    "SIMILARITY": ([1, 0, 28, 18], [11, 21]),
}
OTHER = {
    "ivtAff": "affine_ivt",
    "L1Aff": "affine_L1",
    "LK_Aff": "affine_LK",
    "4corner": "affine",
    "SIMILARITY": "similarity",
}


@pytest.mark.parametrize("kind", RESULTS)
def test_the_box_of_a_known_target_in_both_toolkits_files(kind: str, tmp_path: Path) -> None:
    frame, size = RESULTS[kind]
    numbers = np.array([frame, frame, frame], dtype=np.float64)
    flat = numbers.reshape(-1, numbers.shape[-1])
    for name, res in (("flat", flat), *([("deep", np.moveaxis(numbers, 0, 2))] if numbers.ndim == 3 else [])):
        record = {"res": res, "type": kind, "tmplsize": np.array(size)}
        scipy.io.savemat(tmp_path / f"{name}.mat", {"results": np.array([record], dtype=object)})
        [segment] = read_segments(tmp_path / f"{name}.mat")
        np.testing.assert_allclose(segment.boxes, [BOX] * 3)
    run = {"res": numbers.tolist(), "resType": OTHER[kind], "tmplsize": size or None}
    (tmp_path / "run.json").write_text(json.dumps([run]))
    [segment] = read_segments(tmp_path / "run.json")
    np.testing.assert_allclose(segment.boxes, [BOX] * 3)


def rounded(value: float) -> float:
    """As MATLAB: half away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


def around(points: list[tuple[float, float]]) -> list[float]:
    """The box round four corners."""
    xs, ys = zip(*points, strict=True)
    box = [min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1]
    return [rounded(value) for value in box]


def slow_box(kind: str, p: list[float], size: list[float]) -> list[float]:
    """One frame's box, corner by corner as LAYOUTS.md has it; `p` row by row."""
    if kind == "ivtAff":
        w, h = size
        ends = [
            (math.floor(p[0] + p[2] * u + p[3] * v), math.floor(p[1] + p[4] * u + p[5] * v))
            for u, v in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
        ]
        return [*ends[0], ends[2][0] - ends[0][0], ends[2][1] - ends[0][1]]
    if kind == "L1Aff":
        r, c = size
        places = [
            (rounded(p[2] * i + p[3] * j + p[5]), rounded(p[0] * i + p[1] * j + p[4]))
            for i, j in ((1, 1), (r, 1), (1, c), (r, c))
        ]
        (left, top), (right, bottom) = places[0], places[3]
        return [left, top, right - left + 1, bottom - top + 1]
    if kind == "4corner":
        return around(list(zip(p[:4], p[4:], strict=True)))
    if kind == "SIMILARITY":
        scale, angle, tx, ty = p
        c, s = scale * math.cos(angle), scale * math.sin(angle)
        p = [c, -s, tx, s, c, ty]
    rows, columns = size
    corners = [(1, 1), (1, rows), (columns, rows), (columns, 1)]
    return around([((p[0] + 1) * x + p[1] * y + p[2], p[3] * x + (p[4] + 1) * y + p[5]) for x, y in corners])


@pytest.mark.parametrize("kind", RESULTS)
def test_numbers_by_chance_as_a_slow_oracle_and_in_both_spellings(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    known, size = RESULTS[kind]
    flat = np.ravel(known)
    numbers = flat + rng.normal(size=(50, len(flat))) * np.maximum(np.abs(flat) / 5, 0.1)
    expected = [slow_box(kind, row.tolist(), size) for row in numbers]
    frames = numbers.reshape(50, *np.shape(known))
    res = frames.reshape(-1, frames.shape[-1])
    for number, name in enumerate((kind, OTHER[kind])):
        record = {"res": res, "type": name, "tmplsize": np.array(size)}
        scipy.io.savemat(tmp_path / f"{number}.mat", {"results": np.array([record], dtype=object)})
        run = {"res": frames.tolist(), "resType": name, "tmplsize": size or None}
        (tmp_path / f"{number}.json").write_text(json.dumps([run]))
        for ending in ("mat", "json"):
            [segment] = read_segments(tmp_path / f"{number}.{ending}")
            np.testing.assert_array_equal(segment.boxes, expected)


def test_a_quarter_turn() -> None:
    turned = boxes_of("ivtAff", np.array([[50.0, 30.0, 0.0, -2.0, 2.0, 0.0]]), np.array([20.0, 10.0]))
    assert turned.tolist() == [[60.0, 10.0, -20.0, 40.0]]  # its third corner lies left of the first
    upright = boxes_of("4corner", np.array([[70.0, 70, 30, 30], [20, 40, 40, 20]]), np.empty(0))
    assert upright.tolist() == [BOX]


def test_every_type_is_known_by_the_names_of_both() -> None:
    assert set(KINDS) == {name.lower() for pair in OTHER.items() for name in pair}


def test_a_bare_variable_holds_boxes(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "bare.mat", {"fps": 3.0, "result": np.array([BOX, BOX])})
    [segment] = read_segments(tmp_path / "bare.mat")
    assert segment.boxes.tolist() == [BOX, BOX]


def test_files_of_public_reports(shared: Path) -> None:
    folder = shared / "cases/U04"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    for kind in ("ivt", "corner"):
        for name, frames in (("basketball", 725), ("bolt", 350)):
            [segment] = read_segments(folder / kind / "T" / f"{name}_T.mat")
            assert segment.boxes.shape == (frames, 4)
            assert (segment.boxes[:, 2:] > 0).all()
