"""Resampled windows: which frame pixel each pixel of a window shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.tracking.scenes import texture
from training.tracking.windows import box_around, centre_and_size, inside, sample_window, visible


def ramp(height: int, width: int) -> np.ndarray:
    """A frame whose blue is the column and green the row."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.zeros_like(rows)], axis=-1).astype(np.uint8)


def test_a_window_of_step_one_is_the_frame_itself():
    frame = texture(60, 80, 0)
    window = sample_window(frame, np.array([30.0, 20.0]), (1.0, 1.0), (11, 21), fill=None)
    np.testing.assert_array_equal(window, frame[15:26, 20:41])


def test_an_even_window_is_centred_between_pixels():
    frame = texture(60, 80, 0)
    window = sample_window(frame, np.array([30.5, 20.5]), (1.0, 1.0), (4, 6), fill=None)
    np.testing.assert_array_equal(window, frame[19:23, 28:34])


@pytest.mark.parametrize("step", [0.5, 1.5, 2.0, 3.7, 6.0])
def test_every_pixel_shows_its_place_in_the_frame(step):
    frame = ramp(200, 240)
    centre = np.array([121.3, 97.8])
    window = sample_window(frame, centre, (step, step), (13, 17), fill=None).astype(float)
    columns = centre[0] + (np.arange(17) - 8) * step
    rows = centre[1] + (np.arange(13) - 6) * step
    np.testing.assert_allclose(window[..., 0], np.broadcast_to(columns, (13, 17)), atol=0.75)
    np.testing.assert_allclose(window[..., 1], np.broadcast_to(rows[:, None], (13, 17)), atol=0.75)


def test_steps_may_differ_by_axis():
    window = sample_window(ramp(200, 240), np.array([100.0, 90.0]), (2.0, 1.0), (5, 5), fill=None)
    np.testing.assert_allclose(window[2, :, 0], [96, 98, 100, 102, 104], atol=0.75)
    np.testing.assert_allclose(window[:, 2, 1], [88, 89, 90, 91, 92], atol=0.75)


def test_mirror_and_rotation_turn_about_the_middle():
    frame = ramp(100, 100)
    centre = np.array([50.0, 40.0])
    plain = sample_window(frame, centre, (1.0, 1.0), (9, 9), fill=None)
    mirrored = sample_window(frame, centre, (1.0, 1.0), (9, 9), fill=None, mirror=True)
    np.testing.assert_array_equal(mirrored, plain[:, ::-1])
    turned = sample_window(frame, centre, (1.0, 1.0), (9, 9), fill=None, angle=np.pi / 2)
    np.testing.assert_allclose(turned.astype(float), np.rot90(plain).astype(float), atol=1)


def test_outside_is_filled_with_the_colour_or_the_border():
    frame = np.full((40, 40, 3), 200, np.uint8)
    corner = np.array([0.0, 0.0])
    filled = sample_window(frame, corner, (1.0, 1.0), (21, 21), fill=(10.0, 20.0, 30.0))
    np.testing.assert_array_equal(filled[0, 0], [10, 20, 30])
    assert (filled[11:, 11:] == 200).all()
    assert (sample_window(frame, corner, (1.0, 1.0), (21, 21), fill=None) == 200).all()


def test_strong_shrinking_averages_instead_of_aliasing():
    frame = np.zeros((240, 240, 3), np.uint8)
    frame[::2] = 255  # single-pixel stripes: without averaging, all black or all white
    window = sample_window(frame, np.array([119.5, 119.5]), (4.0, 4.0), (31, 31), fill=None)
    assert abs(window.astype(float) - 127.5).max() < 2


def test_a_window_far_outside_and_a_tiny_frame_are_still_answered():
    frame = texture(3, 3, 1)
    window = sample_window(frame, np.array([500.0, -500.0]), (8.0, 8.0), (15, 15), fill=None)
    assert (window == frame[0, 2]).all()


@given(st.tuples(*[st.floats(-1e3, 1e3)] * 2, *[st.floats(0.1, 1e3)] * 2))
def test_centre_and_size_undo_box_around(values):
    box = np.array(values)
    np.testing.assert_allclose(box_around(*centre_and_size(box)), box, atol=1e-9)


def test_the_centre_of_a_one_pixel_box_is_that_pixel():
    centre, size = centre_and_size(np.array([7.0, 5.0, 1.0, 1.0]))
    np.testing.assert_array_equal(centre, [7, 5])
    np.testing.assert_array_equal(size, [1, 1])


def test_inside_moves_a_centre_to_the_nearest_pixel():
    frame = np.zeros((10, 20, 3), np.uint8)
    np.testing.assert_array_equal(inside(np.array([-3.0, 12.0]), frame), [0, 9])
    np.testing.assert_array_equal(inside(np.array([5.5, 2.5]), frame), [5.5, 2.5])


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10.0, 5.0, 20.0, 8.0), (10.0, 5.0, 20.0, 8.0)),
        ((-4.0, -2.5, 20.0, 8.0), (0.0, 0.0, 16.0, 5.5)),
        ((70.0, 55.0, 20.0, 8.0), (70.0, 55.0, 10.0, 5.0)),
        ((-30.0, 5.0, 20.0, 8.0), (0.0, 5.0, 1.0, 8.0)),
        ((90.0, 80.0, 20.0, 8.0), (79.0, 59.0, 1.0, 1.0)),
        ((79.5, 59.25, 0.5, 0.5), (79.5, 59.25, 0.5, 0.5)),
        ((79.5, -0.25, 1.0, 0.5), (79.0, 0.0, 1.0, 0.5)),
        ((90.0, 59.75, 0.5, 0.5), (79.5, 59.5, 0.5, 0.5)),
    ],
)
def test_of_a_box_that_part_is_given_which_lies_in_the_frame(box, expected):
    np.testing.assert_array_equal(visible(np.array(box), ramp(60, 80)), expected)
