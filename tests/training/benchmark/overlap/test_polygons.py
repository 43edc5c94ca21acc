import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.benchmark.builders import boxes, slow_iou
from tests.training.benchmark.overlap.test_regions import rotated
from training.benchmark.overlap.polygons import clip, convex, exact_overlap
from training.benchmark.overlap.regions import corners, polygon_area

coordinate = st.floats(0, 60)
side = st.floats(0.5, 50)
box = st.tuples(coordinate, coordinate, side, side)
turned = st.tuples(coordinate, coordinate, side, side, st.floats(0, 6.3)).map(lambda drawn: rotated(*drawn))


@given(box, box)
def test_boxes_overlap_as_boxes_do(first: tuple[float, ...], second: tuple[float, ...]) -> None:
    one, two = boxes(first), boxes(second)
    expected = pytest.approx(slow_iou(first, second), abs=1e-9)
    assert exact_overlap(one, two, None)[0] == expected
    assert exact_overlap(corners(one), two, None)[0] == expected


def drawn_share(first: np.ndarray, second: np.ndarray, step: float = 0.05) -> float:
    """Overlap of two convex polygons by counting points of a fine grid."""
    x, y = np.meshgrid(np.arange(-60, 130, step * 10), np.arange(-60, 130, step * 10))

    def inside(polygon: np.ndarray) -> np.ndarray:
        points = polygon.reshape(4, 2)
        sides = []
        for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
            sides.append((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1))
        return np.all(np.array(sides) >= 0, axis=0) | np.all(np.array(sides) <= 0, axis=0)

    a, b = inside(first), inside(second)
    return float((a & b).sum() / max((a | b).sum(), 1))


@pytest.mark.parametrize("seed", range(8))
def test_turned_boxes_overlap_as_points_on_a_grid_do(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first = rotated(*generator.uniform(20, 50, 4), generator.uniform(0, 6))
    second = rotated(*generator.uniform(20, 50, 4), generator.uniform(0, 6))
    assert exact_overlap(first, second, None)[0] == pytest.approx(drawn_share(first, second), abs=0.02)


@given(turned, turned)
def test_symmetry_and_range(first: np.ndarray, second: np.ndarray) -> None:
    value = exact_overlap(first, second, None)[0]
    assert 0 <= value <= 1
    assert value == pytest.approx(exact_overlap(second, first, None)[0], abs=1e-9)
    assert exact_overlap(first, first, None)[0] == pytest.approx(1)


@given(turned, st.floats(-30, 30), st.floats(-30, 30))
def test_a_shift_of_both_changes_nothing(first: np.ndarray, right: float, down: float) -> None:
    second = first + np.tile([5.0, 3.0], 4)
    by = np.tile([right, down], 4)
    before = exact_overlap(first, second, None)[0]
    assert exact_overlap(first + by, second + by, None)[0] == pytest.approx(before, abs=1e-9)


def test_a_dented_polygon() -> None:
    """An arrow head of half the square's area, inside the square."""
    square, arrow = boxes([0, 0, 8, 8]), boxes([0, 0, 4, 4, 8, 0, 4, 8])
    assert polygon_area(arrow)[0] == 16
    assert exact_overlap(arrow, square, None)[0] == pytest.approx(0.25)
    assert exact_overlap(square, arrow, None)[0] == pytest.approx(0.25)
    assert convex(arrow.reshape(1, 4, 2)).tolist() == [False]


def test_bounds_cut_both() -> None:
    first, second = boxes([-10, 0, 20, 10]), boxes([0, 0, 20, 10])
    bounds = np.array([[10.0, 10.0]])
    assert exact_overlap(first, second, bounds)[0] == pytest.approx(1)
    assert exact_overlap(first, second, None)[0] == pytest.approx(1 / 3)
    assert exact_overlap(boxes([40, 0, 20, 10]), second, bounds)[0] == 0


def test_clip_by_hand() -> None:
    triangle = np.array([[[0.0, 0], [10, 0], [0, 10]]])
    window = corners(boxes([0, 0, 5, 20])).reshape(1, 4, 2)
    assert polygon_area(clip(triangle, window).reshape(1, -1))[0] == pytest.approx(37.5)
    away = corners(boxes([20, 20, 5, 5])).reshape(1, 4, 2)
    assert polygon_area(clip(triangle, away).reshape(1, -1))[0] == 0


def test_a_star_turns_one_way_and_is_not_convex() -> None:
    angles = np.arange(5) * 4 * np.pi / 5
    star = np.stack([10 * np.cos(angles), 10 * np.sin(angles)], axis=1)
    ring = star[np.argsort(np.arange(5) * 2 % 5)]
    assert convex(np.stack([star, ring])).tolist() == [False, True]
