"""Window geometry against a slow independent derivation in exact arithmetic, and numbers done by hand."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curation.crops.geometry import Window, centred_window, exemplar_side, round_half_away, search_side
from tests.curation.crops import plain_crops

boxes = st.tuples(
    st.integers(-200, 2000), st.integers(-200, 2000), st.integers(1, 2000), st.integers(1, 2000)
)


def decimal_round(value: Fraction) -> int:
    """Halves away from zero, by the decimal module (its ROUND_HALF_UP goes away from zero on both sides)."""
    with localcontext(prec=60):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@given(st.integers(-(2**40), 2**40), st.sampled_from([1, 2, 4, 8, 1024]))
@example(5, 2)
@example(-5, 2)
@example(1, 2)
@example(-1, 2)
def test_rounds_halves_away_from_zero(numerator: int, denominator: int) -> None:
    assert round_half_away(numerator / denominator) == decimal_round(Fraction(numerator, denominator))


def test_rounds_the_number_just_under_a_half_down() -> None:
    """Adding a half and taking the floor, the usual way, gives 1."""
    assert round_half_away(0.49999999999999994) == 0
    assert round_half_away(-0.49999999999999994) == 0


@given(boxes, st.integers(1, 4000))
def test_window_is_the_one_of_the_recipe_in_exact_arithmetic(
    box: tuple[int, int, int, int], side: int
) -> None:
    x, y, w, h = box

    def first(start: int, length: int) -> int:
        centre = start + Fraction(length, 2)
        return decimal_round(centre - Fraction(side + 1, 2)) - 1

    assert centred_window(box, side) == Window(first(x, w), first(y, h), side)


@given(boxes)
def test_window_contains_the_centre_within_a_pixel_and_a_half(box: tuple[int, int, int, int]) -> None:
    x, y, w, h = box
    window = centred_window(box, search_side(w, h, 0.5, 127, 255))
    middle = window.side / 2
    assert abs(window.left + middle - (x + w / 2)) <= 2.0
    assert abs(window.top + middle - (y + h / 2)) <= 2.0


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_sides_equal_those_of_the_plain_implementation(width: int, height: int) -> None:
    z, x = plain_crops.sides(width, height)
    assert round_half_away(exemplar_side(width, height, 0.5)) == z
    assert round_half_away(search_side(width, height, 0.5, 127, 255)) == x


@given(
    st.floats(1, 5000),
    st.floats(1, 5000),
    st.floats(0, 2),
    st.integers(16, 300),
    st.integers(0, 700),
)
def test_search_side_keeps_the_scale_of_the_exemplar(
    width: float, height: float, context: float, exemplar: int, more: int
) -> None:
    side = exemplar_side(width, height, context)
    found = search_side(width, height, context, exemplar, exemplar + more)
    assert found == pytest.approx(side * (exemplar + more) / exemplar, rel=1e-12)


@pytest.mark.parametrize(
    ("box", "side", "window"),
    [
        # 1-based recipe: centre 60, 60 - (10 + 1) / 2 = 54.5 -> 55, 0-based 54
        ((50, 50, 20, 20), 10, (54, 54, 10)),
        # centre 60.5 - 5.5 = 55 exactly -> 54
        ((50, 50, 21, 21), 10, (54, 54, 10)),
        # odd side: centre 60 - 6 = 54 -> 53
        ((50, 50, 20, 20), 11, (53, 53, 11)),
        # negative halves go down: centre 2 - 5.5 = -3.5 -> -4, 0-based -5
        ((0, 0, 4, 4), 10, (-5, -5, 10)),
        # a box of one pixel
        ((0, 0, 1, 1), 4, (-3, -3, 4)),
    ],
)
def test_windows_worked_out_by_hand(
    box: tuple[int, int, int, int], side: int, window: tuple[int, int, int]
) -> None:
    assert centred_window(box, side) == window


def test_side_of_a_square_box() -> None:
    """w = h = 100: p = 100, exemplar sqrt(200 * 200) = 200, search 200 * 255 / 127."""
    assert exemplar_side(100, 100, 0.5) == 200
    assert search_side(100, 100, 0.5, 127, 255) == pytest.approx(401.5748)
    assert exemplar_side(100, 50, 0) == pytest.approx(70.7107)
