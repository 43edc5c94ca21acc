from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from training.augmentation import NONE, AugmentationConfig, View, colour_matrix, cut, draw_views

SIDE = 61
NEUTRAL = colour_matrix(brightness=0, contrast=1, saturation=1)


def view(**changes: float) -> View:
    plain = View(zoom_x=1, zoom_y=1, shift_x=0, shift_y=0, sigma=0, colour=NEUTRAL)
    return replace(plain, **changes)


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


def taken(crop: np.ndarray, which: View, size: int) -> np.ndarray:
    out = np.full((size, size, 3), 7, np.uint8)
    cut(crop, which, out)
    return out


def test_a_neutral_view_is_the_centre_bit_for_bit() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    assert np.array_equal(taken(crop, view(), 31), crop[15:46, 15:46])
    assert np.array_equal(taken(crop, view(), SIDE), crop)
    assert np.array_equal(taken(crop, view(shift_x=4, shift_y=-3), 31), crop[18:49, 11:42])


def test_the_target_comes_to_lie_where_the_view_says() -> None:
    for x, y in ((0.0, 0.0), (6.5, -3.25)):
        assert centre(taken(spot(0, 0), view(shift_x=x, shift_y=y), 51)) == pytest.approx((x, y), abs=0.1)


def test_zoom_and_mirror_act_about_the_target() -> None:
    crop = spot(8, 4)
    assert centre(taken(crop, view(zoom_x=1.25, zoom_y=0.9), 51)) == pytest.approx((10, 3.6), abs=0.15)
    assert centre(taken(crop, view(zoom_x=-1), 51)) == pytest.approx((-8, 4), abs=0.1)


def test_outside_of_the_crop_is_its_mean_colour() -> None:
    crop = np.zeros((SIDE, SIDE, 3), np.uint8)
    crop[:, : SIDE // 2] = (10, 100, 200)
    mean = np.array(cv2.mean(crop)[:3]).round()
    corner = taken(crop, view(zoom_x=0.5, zoom_y=0.5), SIDE)[0, 0]
    assert np.abs(corner - mean).max() <= 1


def test_blur_lowers_contrast_and_keeps_the_mean() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    sharp, soft = taken(crop, view(), 51), taken(crop, view(sigma=2.0), 51)
    assert soft.std() < 0.3 * sharp.std()
    assert abs(soft.mean() - sharp.mean()) < 2


def test_colour_matrix_by_hand() -> None:
    pixel = np.array([200.0, 100.0, 50.0, 1.0])
    grey = colour_matrix(brightness=0, contrast=1, saturation=0) @ pixel
    assert grey == pytest.approx([0.299 * 200 + 0.587 * 100 + 0.114 * 50] * 3)
    assert colour_matrix(brightness=10, contrast=1, saturation=1) @ pixel == pytest.approx([210, 110, 60])
    half = colour_matrix(brightness=0, contrast=0.5, saturation=1) @ pixel
    assert half == pytest.approx([163.75, 113.75, 88.75])


def test_ranges_are_kept_and_reached() -> None:
    config = AugmentationConfig(stretch=0.1, scale=0.2, shift=12.0, flip=0.5, blur=0.3, blur_sigma=1.5)
    pairs = [draw_views(config, np.random.default_rng(seed)) for seed in range(2000)]
    exemplars, searches = zip(*pairs, strict=True)
    assert all(v.shift_x == v.shift_y == 0 for v in exemplars)
    zoom = np.array([abs(v.zoom_x) for v in exemplars])
    assert 0.9 <= zoom.min() < 0.905
    assert 1.095 < zoom.max() <= 1.1
    shift = np.array([(v.shift_x, v.shift_y) for v in searches])
    assert 11.9 < np.abs(shift).max() <= 12
    both = np.array([abs(v.zoom_x) for v in searches])
    assert 0.9 / 1.2 <= both.min() < 0.78
    assert 1.28 < both.max() <= 1.1 * 1.2
    sigma = np.array([v.sigma for v in searches])
    assert 0.25 < (sigma > 0).mean() < 0.35
    assert 1.4 < sigma.max() <= 1.5


def test_mirror_and_grey_are_shared_by_the_pair() -> None:
    config = AugmentationConfig(flip=0.5, grey=0.5, saturation=0.0)
    mirrored, grey = [], []
    for seed in range(400):
        first, second = draw_views(config, np.random.default_rng(seed))
        assert np.sign(first.zoom_x) == np.sign(second.zoom_x)
        mirrored.append(first.zoom_x < 0)
        colourless = [np.ptp(v.colour[:, 0]) < 1e-6 for v in (first, second)]
        assert colourless[0] == colourless[1]
        grey.append(colourless[0])
    assert 0.4 < np.mean(mirrored) < 0.6
    assert 0.4 < np.mean(grey) < 0.6


def test_switching_one_change_off_leaves_the_others() -> None:
    config = AugmentationConfig(blur=0.5)
    for seed in range(20):
        first = draw_views(config, np.random.default_rng(seed))[1]
        second = draw_views(replace(config, flip=0.0, blur=0.0), np.random.default_rng(seed))[1]
        assert (abs(first.zoom_x), first.shift_x, first.colour.tolist()) == (
            second.zoom_x,
            second.shift_x,
            second.colour.tolist(),
        )


def test_none_is_neutral() -> None:
    for which in draw_views(NONE, np.random.default_rng(3)):
        assert (which.zoom_x, which.zoom_y, which.shift_x, which.shift_y, which.sigma) == (1, 1, 0, 0, 0)
        assert np.array_equal(which.colour, NEUTRAL)
    assert np.array_equal(NEUTRAL, np.eye(3, 4, dtype=np.float32))
