import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.benchmark.builders import boxes
from training.benchmark.overlap.regions import (
    bounding_boxes,
    box_from_polygon,
    corners,
    crossed,
    outline,
    polygon_area,
)

coordinate = st.floats(-50, 50)
side = st.floats(1, 60)


def rotated(cx: float, cy: float, w: float, h: float, angle: float) -> np.ndarray:
    """A rectangle (1, 8) turned about its centre."""
    points = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ turn.T + [cx, cy]).reshape(1, 8)


def test_corners_and_back() -> None:
    assert corners(boxes([1, 2, 3, 4])).tolist() == [[1, 2, 4, 2, 4, 6, 1, 6]]
    assert bounding_boxes(corners(boxes([1, 2, 3, 4], [0, 0, 9, 1]))).tolist() == [[1, 2, 3, 4], [0, 0, 9, 1]]


@given(coordinate, coordinate, side, side, st.floats(0, 6.3))
def test_area_does_not_depend_on_the_turn(cx: float, cy: float, w: float, h: float, angle: float) -> None:
    assert polygon_area(rotated(cx, cy, w, h, angle))[0] == pytest.approx(w * h, rel=1e-9)


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        ([0, 0, 4, 0, 4, 4, 0, 4], False),
        ([0, 0, 4, 4, 4, 0, 0, 4], True),
        ([0, 0, 4, 0, 0, 4, 4, 4], True),
        ([0, 0, 4, 0, 1, 1, 0, 4], False),  # a dent is no crossing
        ([0, 0, 4, 0, 8, 0, 2, 0], False),  # neither is a line
    ],
)
def test_crossed_edges(polygon: list[float], expected: bool) -> None:
    assert crossed(boxes(polygon)).tolist() == [expected]


def test_upright_polygons_become_boxes() -> None:
    polygon = corners(boxes([10, 20, 30, 40]))
    assert box_from_polygon(polygon, "minmax").tolist() == [[10, 20, 30, 40]]
    assert box_from_polygon(polygon, "area") == pytest.approx(boxes([9.5, 19.5, 31, 41]))
    assert box_from_polygon(polygon, "area_floor") == pytest.approx(boxes([9.5, 19.5, 31, 41]))


def test_a_turned_square_keeps_its_area() -> None:
    polygon = rotated(50, 60, 20, 20, np.pi / 4)
    side = 20 * np.sqrt(2)
    assert box_from_polygon(polygon, "minmax") == pytest.approx(
        boxes([50 - side / 2, 60 - side / 2, side, side])
    )
    assert box_from_polygon(polygon, "area") == pytest.approx(boxes([39.5, 49.5, 21, 21]))
    x, y, w, h = box_from_polygon(rotated(50, 60, 20.5, 20.5, 0.3), "area_floor")[0]
    assert (w, h) == (21, 21)
    assert (x + w / 2, y + h / 2) == pytest.approx((50, 60))


def test_boxes_stay_boxes() -> None:
    box = boxes([1, 2, 3, 4])
    for conversion in ("minmax", "area", "area_floor"):
        assert box_from_polygon(box, conversion).tolist() == box.tolist()


@pytest.mark.parametrize("padding", [0, 4])
def test_outlines_are_corners_and_what_cannot_be_drawn_has_none(padding: int) -> None:
    """A tracker may answer anything, and the report draws it."""

    def of(*region: float) -> object:
        found = outline(np.array([*region, *[np.nan] * padding]))
        return None if found is None else found.tolist()

    assert of(1, 2, 3, 4) == [[1, 2], [4, 2], [4, 6], [1, 6]]
    assert of(1, 2, 5, 2, 3, 7) == [[1, 2], [5, 2], [3, 7]]
    for bad in ((1, 2, np.nan, 4), (1, np.nan, 3, 4), (1, 2, np.inf, 4), (np.nan,) * 4, (1, 2, 3, np.nan)):
        assert of(*bad) is None
