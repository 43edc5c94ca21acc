"""The still box and template matching."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.tracking.scenes import moving_target, overlap
from training.tracking.baselines import StillTracker, TemplateConfig, TemplateTracker


def test_the_still_box_stays():
    frames, boxes = moving_target()
    tracker = StillTracker()
    tracker.init(frames[0], boxes[0])
    for frame in frames[1:]:
        np.testing.assert_array_equal(tracker.update(frame), boxes[0])


def test_the_template_finds_a_moving_target_exactly():
    frames, boxes = moving_target()
    tracker = TemplateTracker()
    tracker.init(frames[0], boxes[0])
    for frame, truth in zip(frames[1:], boxes[1:], strict=True):
        np.testing.assert_array_equal(tracker.update(frame), truth)


def test_a_target_beyond_its_reach_is_lost():
    frames, boxes = moving_target(2, velocity=(80.0, 0.0))
    tracker = TemplateTracker(TemplateConfig(reach=0.5))
    tracker.init(frames[0], boxes[0])
    assert overlap(tracker.update(frames[1]), boxes[1]) == 0


def test_fractions_of_the_first_box_are_kept():
    frames, boxes = moving_target()
    tracker = TemplateTracker()
    tracker.init(frames[0], boxes[0] + [0.25, -0.4, 0.3, 0.1])
    answer = tracker.update(frames[1])
    np.testing.assert_allclose(answer - boxes[1], [0.25, -0.4, 0.3, 0.1], atol=1e-9)


def test_a_target_half_outside_is_followed_in():
    frames, boxes = moving_target(10, start=(-20.0, 40.0), velocity=(4.0, 0.0))
    tracker = TemplateTracker()
    tracker.init(frames[0], boxes[0])
    for frame in frames[1:]:
        answer = tracker.update(frame)
    np.testing.assert_array_equal(answer, boxes[-1])


@pytest.mark.parametrize("corner", [(239.6, 40.0), (40.0, 179.7), (-23.7, 40.0)])
def test_less_than_a_pixel_of_a_target_is_answered(corner):
    frames, _ = moving_target(2)
    tracker = TemplateTracker()
    tracker.init(frames[0], np.array([*corner, 24.0, 24.0]))
    assert np.isfinite(tracker.update(frames[1])).all()


def test_a_flat_target_stays_where_it_was():
    frame = np.full((60, 80, 3), 90, np.uint8)
    tracker = TemplateTracker()
    tracker.init(frame, np.array([30.0, 20.0, 10.0, 10.0]))
    np.testing.assert_array_equal(tracker.update(frame), [30, 20, 10, 10])


@pytest.mark.parametrize("size", [(1, 1), (200, 150)], ids=["one pixel", "larger than the next frame"])
def test_odd_sizes_are_answered(size):
    frames, boxes = moving_target(1, size=size, start=(20.0, 20.0))
    tracker = TemplateTracker()
    tracker.init(frames[0], boxes[0])
    assert np.isfinite(tracker.update(frames[0][:64, :64].copy())).all()
