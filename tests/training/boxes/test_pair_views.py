"""What a pair shows: boxes where the crops have them, and the same disturbance of both boxes."""

from __future__ import annotations

import numpy as np
import pytest

from curation.crops.geometry import SIAMFC, centred_window, search_side
from training.boxes.pair_views import View, box_in_crop, disturbed_views
from training.tracking.windows import sample_window


@pytest.mark.parametrize("box", [(100, 60, 40, 30), (31, 52, 17, 90), (200, 100, 120, 20)])
def test_a_box_lies_in_its_crop_where_the_crop_shows_it(box: tuple[int, int, int, int]) -> None:
    """A bright rectangle, cut as the crop stage cuts it."""
    x, y, w, h = box
    frame = np.zeros((300, 500, 3), np.uint8)
    frame[y : y + h, x : x + w] = 255
    side = search_side(w, h, SIAMFC.context, SIAMFC.exemplar_size, SIAMFC.search_size)
    window = centred_window(box, side)
    step = window.side / SIAMFC.search_size
    middle = np.array([window.left, window.top]) + (window.side - 1) / 2
    crop = sample_window(frame, middle, (step, step), (255, 255), fill=(0.0, 0.0, 0.0))
    bright = crop[..., 0].astype(float) / 255
    centre, size = box_in_crop(box, SIAMFC)
    np.testing.assert_allclose(size, [bright.sum(1).max(), bright.sum(0).max()], atol=0.6)
    places = np.arange(255)
    found = [(bright.sum(axis) * places).sum() / bright.sum() for axis in (0, 1)]
    np.testing.assert_allclose(centre, found, atol=0.3)


def test_both_views_are_mirrored_and_loosened_alike() -> None:
    """A white square on black: in both, the box is off by the same share of it."""
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[30:50, 20:40] = 255
    for seed in range(20):
        given = [View(frame, np.array([29.5, 39.5]), np.array([20.0, 20.0]), np.array([20.0, 20.0]))] * 2
        one, two = disturbed_views(given, np.random.default_rng(seed))
        np.testing.assert_allclose(one.centre, two.centre)
        np.testing.assert_allclose(one.size, two.size)
        x = np.flatnonzero(one.frame[40].mean(-1) > one.frame.mean() + 20)
        assert abs(one.centre[0] - x.mean()) < 6
        assert abs(one.centre[1] - 39.5) < 6
