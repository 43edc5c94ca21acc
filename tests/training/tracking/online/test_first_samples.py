"""First-frame samples: the target is where they say, and every seed gets an even spread of them."""

from __future__ import annotations

import numpy as np
import pytest

from training.tracking.online.first_samples import first_samples
from training.tracking.online.online_config import AugmentConfig, RegionConfig
from training.tracking.online.region import plan
from training.tracking.windows import centre_and_size

PLAIN = {"scale": 0.0, "angle": 0.0, "mirror": 0.0, "blur": 0.0}


def samples(squeezenet, *, seed=0, dot=(80.0, 60.0), **settings):
    """Samples of a frame with a white dot of 9 x 9 pixels and a dark bar to its right; the target is a box around."""
    frame = np.full((120, 160, 3), 90, np.uint8)
    x, y = map(int, dot)
    frame[y - 4 : y + 5, x - 4 : x + 5] = 255
    frame[y - 4 : y + 5, x + 9 : x + 12] = 0
    centre, size = centre_and_size(np.array([x - 15.5, y - 15.5, 32, 32]))
    geometry = plan(size, RegionConfig())
    images, offsets = first_samples(
        frame, centre, size, geometry, squeezenet, AugmentConfig(**settings), np.random.default_rng(seed)
    )
    return geometry, images, offsets


def place(image, stride):
    """(y, x) of the dot from the middle of the image, cells."""
    rows, columns = np.nonzero(image[..., 0] > 200)
    middle = (np.array(image.shape[:2]) - 1) / 2
    return (np.array([rows.mean(), columns.mean()]) - middle) / stride


@pytest.mark.parametrize("seed", [0, 1])
def test_the_target_lies_where_the_offset_says(squeezenet, seed):
    _, images, offsets = samples(squeezenet, seed=seed, **PLAIN)
    for image, offset in zip(images, offsets, strict=True):
        np.testing.assert_allclose(place(image, squeezenet.stride), offset, atol=0.1)


def test_a_mirrored_sample_keeps_the_offset_and_swaps_the_sides(squeezenet):
    _, plain, offsets = samples(squeezenet, **PLAIN)
    _, mirrored, same = samples(squeezenet, **{**PLAIN, "mirror": 1.0})
    np.testing.assert_array_equal(offsets, same)
    for image, other, offset in zip(plain[1:], mirrored[1:], offsets[1:], strict=True):
        np.testing.assert_allclose(place(other, squeezenet.stride), offset, atol=0.1)
        bars = [
            np.nonzero(view[..., 0] < 30)[1].mean() - np.nonzero(view[..., 0] > 200)[1].mean()
            for view in (image, other)
        ]
        assert bars[0] > 0 > bars[1]


@pytest.mark.parametrize("seed", range(5))
def test_shifts_reach_all_around_and_no_further_than_asked(squeezenet, seed):
    geometry, _, offsets = samples(squeezenet, seed=seed, samples=12)
    shares = offsets[1:] / geometry.response
    assert np.abs(shares).max() <= 0.25
    assert (np.hypot(*shares.T) > 0.1).sum() >= 6
    quarters = {(bool(y > 0), bool(x > 0)) for y, x in shares}
    assert len(quarters) == 4
    assert np.abs(shares.mean(axis=0)).max() < 0.06


def test_shares_of_blurred_samples_are_kept(squeezenet):
    _, plain, _ = samples(squeezenet, samples=13, **PLAIN)
    _, blurred, _ = samples(squeezenet, samples=13, **{**PLAIN, "blur": 0.25})
    assert sum(not np.array_equal(a, b) for a, b in zip(plain, blurred, strict=True)) == 3
    np.testing.assert_array_equal(plain[0], blurred[0])
