from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.batches.augmentation import NONE, AugmentationConfig, View, cut, draw_views

SIDE = 61


def spot(x: float, y: float) -> np.ndarray:
    """A crop with a small bright blob, x and y px off its centre, on grey."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    blob = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
    return np.repeat((60 + 180 * blob)[..., None], 3, axis=2).round().astype(np.uint8)


def centre(image: np.ndarray) -> tuple[float, float]:
    """Centre of mass of what is brighter than grey, from the centre of the image."""
    mass = np.clip(image[..., 0].astype(float) - 70, 0, None)
    middle = (image.shape[0] - 1) / 2
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] - middle
    return float((columns * mass).sum() / mass.sum()), float((rows * mass).sum() / mass.sum())


def taken(crop: np.ndarray, view: View, size: int) -> tuple[np.ndarray, tuple[float, float]]:
    out = np.full((size, size, 3), 7, np.uint8)
    return out, cut(crop, view, out)


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def test_a_neutral_view_is_the_centre_bit_for_bit(noise: np.ndarray) -> None:
    image, offset = taken(noise, View(), 31)
    assert np.array_equal(image, noise[15:46, 15:46])
    assert offset == (0, 0)
    assert np.array_equal(taken(noise, View(), SIDE)[0], noise)
    image, offset = taken(noise, View(shift_x=4, shift_y=-3), 31)
    assert np.array_equal(image, noise[18:49, 11:42])
    assert offset == (4, -3)


@settings(max_examples=60, deadline=None)
@given(
    zoom=st.tuples(st.floats(0.7, 1.4), st.floats(0.7, 1.4)),
    shift=st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
    mirror=st.booleans(),
    size=st.integers(40, 60),
)
def test_the_target_lies_where_it_is_said_to(
    zoom: tuple[float, float], shift: tuple[float, float], mirror: bool, size: int
) -> None:
    view = View(zoom_x=zoom[0], zoom_y=zoom[1], shift_x=shift[0], shift_y=shift[1], mirror=mirror)
    image, offset = taken(spot(0, 0), view, size)
    assert centre(image) == pytest.approx(offset, abs=0.15)
    assert offset == pytest.approx(shift, abs=0.5 * 1.45)  # half a pixel of the crop


def test_zoom_and_mirror_act_about_the_target() -> None:
    crop = spot(8, 4)
    assert centre(taken(crop, View(zoom_x=1.25, zoom_y=0.9), 51)[0]) == pytest.approx((10, 3.6), abs=0.3)
    assert centre(taken(crop, View(mirror=True), 51)[0]) == pytest.approx((-8, 4), abs=0.1)


def test_without_a_shift_the_target_is_exactly_central(noise: np.ndarray) -> None:
    for zoom in np.linspace(0.8, 1.25, 20):
        for size in (30, 31):
            assert taken(noise, View(zoom_x=zoom, zoom_y=1 / zoom), size)[1] == (0, 0)


def test_outside_of_the_crop_is_its_mean_colour() -> None:
    crop = np.zeros((SIDE, SIDE, 3), np.uint8)
    crop[:, : SIDE // 2] = (10, 100, 200)
    mean = np.array(cv2.mean(crop)[:3]).round()
    for view in (View(zoom_x=0.5, zoom_y=0.5), View(shift_x=9, shift_y=9)):
        corner = taken(crop, view, SIDE)[0][0, 0]
        assert np.abs(corner - mean).max() <= 1


def test_blur_lowers_contrast_and_keeps_the_mean(noise: np.ndarray) -> None:
    sharp, soft = taken(noise, View(), 51)[0], taken(noise, View(sigma=2.0), 51)[0]
    assert soft.std() < 0.3 * sharp.std()
    assert abs(soft.mean() - sharp.mean()) < 2


def test_ranges_are_kept_and_reached() -> None:
    config = AugmentationConfig(
        stretch=0.1,
        scale=0.2,
        shift=12.0,
        blur=0.3,
        blur_sigma=1.5,
        brightness=0.2,
        contrast=0.4,
        saturation=0.6,
    )
    pairs = [draw_views(config, np.random.default_rng(seed)) for seed in range(2000)]
    exemplars, searches = zip(*pairs, strict=True)
    assert all(v.shift_x == v.shift_y == 0 for v in exemplars)

    def spans(views: Sequence[View], name: str, low: float, high: float) -> bool:
        values = np.array([getattr(view, name) for view in views])
        slack = 0.03 * (high - low)
        return bool(low <= values.min() < low + slack and high - slack < values.max() <= high)

    assert spans(exemplars, "zoom_x", 0.9, 1.1)
    assert spans(exemplars, "zoom_y", 0.9, 1.1)
    assert spans(searches, "shift_x", -12, 12)
    assert spans(searches, "shift_y", -12, 12)
    for views in (exemplars, searches):
        assert spans(views, "brightness", -51, 51)
        assert spans(views, "contrast", 0.6, 1.4)
        assert spans([v for v in views if v.saturation], "saturation", 0.4, 1.6)
    zoom = np.array([v.zoom_x for v in searches])
    assert 0.9 / 1.2 <= zoom.min() < 0.78
    assert 1.28 < zoom.max() <= 1.1 * 1.2
    sigma = np.array([v.sigma for v in searches])
    assert 0.25 < (sigma > 0).mean() < 0.35
    assert 1.4 < sigma.max() <= 1.5


def test_mirror_and_grey_are_shared_by_the_pair() -> None:
    config = AugmentationConfig(flip=0.5, grey=0.5, saturation=0.1)
    pairs = [draw_views(config, np.random.default_rng(seed)) for seed in range(400)]
    assert all(first.mirror == second.mirror for first, second in pairs)
    assert all((first.saturation == 0) == (second.saturation == 0) for first, second in pairs)
    assert 0.4 < np.mean([first.mirror for first, _ in pairs]) < 0.6
    assert 0.4 < np.mean([first.saturation == 0 for first, _ in pairs]) < 0.6
    assert any(first.brightness != second.brightness for first, second in pairs)


def test_switching_one_change_off_leaves_the_others() -> None:
    config = AugmentationConfig(blur=0.5)
    for seed in range(20):
        whole = draw_views(config, np.random.default_rng(seed))
        less = draw_views(replace(config, flip=0.0, blur=0.0), np.random.default_rng(seed))
        assert less == tuple(replace(view, mirror=False, sigma=0.0) for view in whole)


def test_none_is_neutral() -> None:
    for seed in range(20):
        assert draw_views(NONE, np.random.default_rng(seed)) == (View(), View())
