"""Pasted scenes: the box is where the piece is, in both frames."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.tracking.scenes import texture
from training.boxes.pasted import LEAST, paste


@pytest.mark.parametrize("seed", range(12))
def test_outside_of_the_box_there_is_only_ground(seed: int) -> None:
    """A bright texture on dark ground: every bright pixel is in the box."""
    random = np.random.default_rng(seed)
    made = paste(200 + texture(255, 255, seed) // 5, texture(255, 255, seed + 1) // 9, random)
    if made is None:
        pytest.skip("the piece became too small")
    for frame, (x, y, w, h) in made:
        assert frame.shape == (255, 255, 3)
        assert min(w, h) >= LEAST
        bright = frame.mean(2) > 60  # the ground has at most 28
        assert bright.any()
        left, top, right, bottom = round(x), round(y), round(x + w), round(y + h)
        outside = bright.copy()
        outside[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = False
        assert not outside.any()
    assert not np.array_equal(made[0][0], made[1][0])


def test_a_seed_decides_the_scene() -> None:
    one, two = (paste(texture(255, 255, 1), texture(255, 255, 2), np.random.default_rng(5)) for _ in range(2))
    assert one is not None
    assert two is not None
    for (frame, box), (same, place) in zip(one, two, strict=True):
        np.testing.assert_array_equal(frame, same)
        np.testing.assert_array_equal(box, place)
