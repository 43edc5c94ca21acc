"""A strip of still background is seen at the edge where it is, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.training.tracking.scenes import moving_target, texture
from training.tracking.online.points import Points
from training.tracking.online.still_strip import GRID, StillStrip, without_strip

AWAY = {"left": (3.0, 2.0), "right": (-3.0, 2.0), "top": (3.0, 2.0), "bottom": (3.0, -2.0)}
"""Velocities of a target that does not move onto the strip at this edge."""

EDGES = tuple(AWAY)


def widened(box, edge, share):
    """The box with a strip of this share of its side more at an edge."""
    x, y, w, h = box
    wide, high = share * w, share * h
    return np.array(
        {
            "left": (x - wide, y, w + wide, h),
            "right": (x, y, w + wide, h),
            "top": (x, y - high, w, h + high),
            "bottom": (x, y, w, h + high),
        }[edge]
    )


def seen(frames, box):
    """The part that is left at the first frame that shows a strip; None if none does."""
    strip = StillStrip(frames[0], box)
    return next((part for part in map(strip.look, frames[1:]) if part is not None), None)


def panned(frames, truth, step):
    """The same scene seen by a camera that moves `step` pixels (x, y) a frame."""
    views, boxes = [], truth.copy()
    for index, frame in enumerate(frames):
        x, y = step[0] * index, step[1] * index
        views.append(np.roll(frame, (-y, -x), axis=(0, 1)))
        boxes[index, :2] -= (x, y)
    return views, boxes


def cut(part):
    """Share of the box that was cut off at each edge."""
    left, top, width, height = part
    return {"left": left, "right": 1 - left - width, "top": top, "bottom": 1 - top - height}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("camera", [(0, 0), (1, 2)])
def test_a_strip_is_found_at_its_edge_and_is_about_as_wide_as_it_is(edge, share, camera):
    frames, truth = panned(*moving_target(20, velocity=AWAY[edge], start=(80.0, 60.0)), camera)
    shares = cut(seen(frames, widened(truth[0], edge, share)))
    assert shares.pop(edge) == pytest.approx(share / (1 + share), abs=2 / GRID)
    assert max(shares.values()) < 1e-9


@pytest.mark.parametrize("camera", [(0, 0), (2, -1)])
@pytest.mark.parametrize("size", [(40, 32), (24, 60), (12, 10)])
def test_a_box_without_a_strip_is_left_as_it_is(size, camera):
    frames, truth = panned(*moving_target(20, size=size, start=(80.0, 60.0)), camera)
    assert seen(frames, truth[0]) is None


@pytest.mark.parametrize("camera", [(0, 0), (2, -1)])
def test_a_target_that_stands_still_shows_nothing(camera):
    frames, truth = panned(*moving_target(20, velocity=(0.0, 0.0), start=(80.0, 60.0)), camera)
    assert seen(frames, widened(truth[0], "left", 0.5)) is None


def test_frames_without_texture_show_nothing():
    frames = [np.full((120, 160, 3), 90, np.uint8)] * 4
    assert seen(frames, np.array([50.0, 40.0, 40.0, 30.0])) is None


def test_a_box_over_the_edge_of_the_frame_and_one_as_large_as_it_are_taken():
    frames, truth = moving_target(12, velocity=(-3.0, 0.0), start=(2.0, 70.0))
    seen(frames, widened(truth[0], "left", 0.5))
    assert seen(frames, np.array([0.0, 0.0, 240.0, 180.0])) is None


def test_the_same_frames_show_the_same_with_any_number_of_threads():
    frames, truth = moving_target(12, start=(80.0, 60.0))
    box, threads = widened(truth[0], "top", 0.5), cv2.getNumThreads()
    try:
        found = []
        for count in (1, 2, 2):
            cv2.setNumThreads(count)
            cv2.setRNGSeed(count)
            strip = StillStrip(frames[0], box)
            found.append([strip.look(frame) for frame in frames[1:]])
            found[-1].append(strip._points.now)
    finally:
        cv2.setNumThreads(threads)
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def still_map(count):
    """A target over the whole box but for still lines at the top."""
    state = np.zeros((16, 16))
    state[:count] = 1
    return state


@pytest.mark.parametrize(("still", "lines"), [(2, 0), (3, 3), (9, 9), (10, 9), (11, 0)])
def test_a_strip_takes_15_to_60_per_cent(still, lines):
    """Of ten still lines, one is left to the rest: a seventh of it; of eleven, two would be over a quarter."""
    part = without_strip(still_map(still))
    assert (0 if part is None else part[1] * 16) == lines


def test_a_strip_must_be_known_all_along_its_length():
    state = still_map(5)
    np.testing.assert_array_equal(without_strip(state), [0, 5 / 16, 1, 11 / 16])
    state[:5, 12:] = np.nan  # a quarter of it
    assert without_strip(state) is None


def test_the_rest_must_move():
    state = still_map(5)
    state[5:] = np.nan
    assert without_strip(state) is None
    state[5:] = 1
    assert without_strip(state) is None


def test_points_are_followed_across_the_frame_to_a_part_of_a_pixel():
    scene = texture(200, 400, 3, grain=8)
    frames = [np.ascontiguousarray(scene[20:140, 10 + 6 * index : 170 + 6 * index]) for index in range(12)]
    places = np.stack(np.meshgrid(np.arange(90.0, 130, 5), np.arange(40.0, 80, 5)), -1).reshape(-1, 2)
    points = Points(frames[0], places, 0.5, 40.0)
    for frame in frames[1:]:
        points.follow(frame)
    assert points.known.mean() > 0.9
    np.testing.assert_allclose((points.now - places)[points.known], [[-66, 0]] * points.known.sum(), atol=0.3)


def test_points_that_leave_the_frame_are_lost():
    scene = texture(200, 400, 3, grain=8)
    frames = [np.ascontiguousarray(scene[:120, 9 * index : 160 + 9 * index]) for index in range(12)]
    points = Points(frames[0], np.array([[30.0, 60.0], [140.0, 60.0], [-5.0, 60.0]]), 0.5, 40.0)
    for frame in frames[1:]:
        points.follow(frame)
    assert points.known.tolist() == [False, True, False]
    points.follow(np.zeros_like(frames[0]))
    points.follow(frames[0])  # none is known any more
    assert not points.known.any()
