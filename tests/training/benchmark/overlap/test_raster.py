import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import InputError
from tests.training.benchmark.builders import boxes
from tests.training.benchmark.overlap import plain_raster
from training.benchmark.overlap.raster import raster_overlap
from training.benchmark.overlap.regions import corners
from training.benchmark.overlap.rules import RULES, region_overlap

BOX, BESIDE = boxes([10, 10, 20, 20]), boxes([20, 20, 20, 20])

coordinate = st.one_of(st.floats(-30, 90).map(lambda v: round(v, 2)), st.integers(-30, 90).map(float))
extent = st.one_of(st.floats(0, 50).map(lambda v: round(v, 2)), st.integers(0, 50).map(float))
box = st.tuples(coordinate, coordinate, extent, extent)
near = st.tuples(*[st.floats(0, 25).map(lambda v: round(v, 2))] * 8)
polygon = st.tuples(coordinate, coordinate, near).map(
    lambda drawn: tuple(offset + drawn[i % 2] for i, offset in enumerate(drawn[2]))
)
region = st.one_of(box, polygon)


@pytest.mark.parametrize(
    ("rule", "box_box", "polygon_polygon", "polygon_box"),
    [
        ("exact", 0.142857, 0.142857, 0.142857),
        ("vot2015", 0.142857, 0.142857, 0.142857),
        ("vot2016", 0.159001, 0.159001, 0.159001),
        ("vot2019", 0.142857, 0.159001, 0.168056),
        ("vot-toolkit", 0.142857, 0.159001, 0.168056),
    ],
)
def test_the_rules_in_the_wild(rule: str, box_box: float, polygon_polygon: float, polygon_box: float) -> None:
    size = (200, 200)
    assert region_overlap(BOX, BESIDE, size, rule)[0] == pytest.approx(box_box, abs=1e-6)
    both = region_overlap(corners(BOX), corners(BESIDE), size, rule)
    assert both[0] == pytest.approx(polygon_polygon, abs=1e-6)
    assert region_overlap(corners(BOX), BESIDE, size, rule)[0] == pytest.approx(polygon_box, abs=1e-6)


def test_example_e() -> None:
    first, second = boxes([1, 1, 100, 100]), boxes([50, 50, 100, 100])
    assert raster_overlap(first, second, None)[0] == pytest.approx(0.152786, abs=1e-6)
    exact = region_overlap(first, second, (400, 400), "exact", "none")[0]
    assert exact == pytest.approx(51**2 / (2 * 10**4 - 51**2))


def test_a_box_covers_w_plus_1_by_h_plus_1_pixels() -> None:
    assert raster_overlap(boxes([10, 10, 19, 19]), boxes([10, 10, 19, 15]), None)[0] == 0.8  # 320 of 400


@settings(max_examples=300)
@given(region, region, st.sampled_from([None, (79.0, 59.0), (40.0, 79.0)]))
def test_agrees_with_masks_drawn_pixel_by_pixel(
    first: tuple[float, ...], second: tuple[float, ...], bounds: tuple[float, float] | None
) -> None:
    ours = raster_overlap(np.array([first]), np.array([second]), bounds)[0]
    assert ours == pytest.approx(plain_raster.overlap(first, second, bounds), abs=1e-12)


@given(
    st.lists(st.tuples(region, region), min_size=1, max_size=12),
    st.sampled_from([r for r in RULES if r != "exact"]),
)
def test_many_pairs_at_once_are_each_pair_alone(
    pairs: list[tuple[tuple[float, ...], tuple[float, ...]]], rule: str
) -> None:
    def padded(regions: list[tuple[float, ...]]) -> np.ndarray:
        rows = np.full((len(regions), 8), np.nan)
        for row, values in zip(rows, regions, strict=True):
            row[: len(values)] = values
        return rows

    together = raster_overlap(padded([a for a, _ in pairs]), padded([b for _, b in pairs]), (79, 59), rule)
    alone = [raster_overlap(np.array([a]), np.array([b]), (79, 59), rule)[0] for a, b in pairs]
    assert together.tolist() == alone


@given(region, region, st.sampled_from([r for r in RULES if r != "exact"]))
def test_symmetry_and_range(first: tuple[float, ...], second: tuple[float, ...], rule: str) -> None:
    one, two = np.array([first]), np.array([second])
    value = raster_overlap(one, two, None, rule)[0]
    assert 0 <= value <= 1
    assert value == raster_overlap(two, one, None, rule)[0]


@given(box, st.integers(-20, 20), st.integers(-20, 20))
def test_whole_shifts_of_both_change_nothing_without_bounds(
    first: tuple[float, ...], right: int, down: int
) -> None:
    """Whole numbers of pixels, so that rounding stays the same; kept positive, where half rounds upward."""
    one = np.array(
        [[round(abs(value)) + 30 for value in first[:2]] + [round(v) for v in first[2:]]], dtype=np.float64
    )
    two = one + np.array([3, 2, 4, 1])
    by = np.array([right, down, 0, 0])
    assert raster_overlap(one + by, two + by, None)[0] == raster_overlap(one, two, None)[0]


def test_nothing_outside_the_bounds_counts() -> None:
    inside, half = boxes([0, 0, 9, 9]), boxes([-10, 0, 19, 9])
    assert raster_overlap(inside, half, (99, 99))[0] == 1
    assert raster_overlap(inside, half, None)[0] == 0.5
    assert raster_overlap(boxes([-50, 0, 9, 9]), half, (99, 99))[0] == 0


def test_nan_where_there_is_no_region() -> None:
    nothing = np.full((1, 4), np.nan)
    for rule in RULES:
        assert np.isnan(region_overlap(nothing, BOX, (99, 99), rule)).all()
        assert np.isnan(region_overlap(BOX, nothing, (99, 99), rule)).all()


def test_degenerate_regions_overlap_nothing() -> None:
    for flat in (boxes([15, 15, 0, 0]), boxes([15, 15, 0, 9]), boxes([15, 15, 9, 0])):
        assert raster_overlap(flat, BOX, (99, 99))[0] == 0
        assert region_overlap(flat, BOX, (99, 99), "exact")[0] == 0


def test_a_box_of_absurd_size_does_not_exhaust_memory() -> None:
    assert raster_overlap(boxes([-1e9, -1e9, 2e9, 2e9]), BOX, None)[0] == 0
    assert 0 < raster_overlap(boxes([-1e9, -1e9, 2e9, 2e9]), BOX, (99, 99))[0] < 0.1


def test_polygons_with_more_corners() -> None:
    """An octagon whose extra corners lie on a square's edges is that square."""
    square = boxes([10, 10, 30, 10, 30, 30, 10, 30])
    octagon = boxes([10, 10, 20, 10, 30, 10, 30, 20, 30, 30, 20, 30, 10, 30, 10, 20])
    assert raster_overlap(octagon, square, None)[0] == 1
    assert region_overlap(octagon, square, (99, 99), "exact")[0] == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 50)), min_size=5, max_size=8), box)
def test_polygons_of_any_shape(corners: list[tuple[int, int]], second: tuple[float, ...]) -> None:
    """Stars, dents and crossings with more than four corners."""
    first = [float(value) for corner in corners for value in corner]
    ours = raster_overlap(np.array([first]), np.array([second]), (79.0, 59.0))[0]
    assert ours == pytest.approx(plain_raster.overlap(first, second, (79.0, 59.0)), abs=1e-12)


def test_unknown_rules_suggest() -> None:
    with pytest.raises(InputError, match=r"no overlap rule is named 'vot2017'. Did you mean vot201"):
        region_overlap(BOX, BOX, (99, 99), "vot2017")
    with pytest.raises(InputError, match=r"no kind of bounds is named 'frame1'. Did you mean frame-1"):
        region_overlap(BOX, BOX, (99, 99), "vot2016", "frame1")


def test_a_box_that_rounds_to_nothing_holds_no_pixel_under_the_python_toolkits_rule() -> None:
    """As `calculate_overlap` of vot-toolkit 0.9.0: 0 with anything that has an extent."""
    box, flat = boxes([48, 50, 30, 30]), boxes([50, 50, 0.4, 30])
    assert raster_overlap(box, flat, (319, 239), "vot-toolkit")[0] == 0
    assert raster_overlap(flat, box, (319, 239), "vot-toolkit")[0] == 0
    assert raster_overlap(flat, flat, (319, 239), "vot-toolkit")[0] == 1
    beside = boxes([65.4, 50, 0.2, 30]), boxes([64, 49, 0, 37])  # 65 to 64, and 64 to 63: together one column
    assert raster_overlap(*beside, (319, 239), "vot-toolkit")[0] == 1
