"""Sprites and layers: what covers what, what a pose does, and that nothing leaves a fringe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.sample.layers import LEVELS, Layer, Pose, Sprite, paste, render, smear, smear_image, stack
from curation.sample.outlines import SHAPES, SPRITE, draw_outline, rasterise


def disc(value: int = 200) -> Sprite:
    """A plain round sprite."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    outline = rasterise([np.stack([np.cos(angle), np.sin(angle)], axis=1)])
    texture = np.full((SPRITE, SPRITE, 3), value, np.uint8)
    return Sprite.cut(np.random.default_rng(0), texture, outline, shaded=False)


def test_opaque_pixels_replace_and_clear_ones_leave_alone():
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    frame = np.full((3, 3, 3), 77, np.uint8)
    paste(frame, Layer(pixels, 1, 1))
    assert frame[1, 1].tolist() == [10, 20, 30]
    assert (np.delete(frame.reshape(9, 3), 4, axis=0) == 77).all()


@given(cover=st.integers(0, 255), colour=st.integers(0, 255), under=st.integers(0, 255))
def test_blending_is_right_to_a_grey_level_and_never_overflows(cover, colour, under):
    pixels = np.full((1, 1, 4), cover, np.uint8)
    pixels[..., :3] = round(colour * cover / 255)
    frame = np.full((1, 1, 3), under, np.uint8)
    paste(frame, Layer(pixels, 0, 0))
    assert abs(int(frame[0, 0, 0]) - (colour * cover + under * (255 - cover)) / 255) <= 2


@given(left=st.integers(-40, 40), top=st.integers(-40, 40))
def test_a_layer_may_lie_partly_or_wholly_outside(left, top):
    frame = np.zeros((20, 30, 3), np.uint8)
    paste(frame, Layer(np.full((8, 9, 4), 255, np.uint8), left, top))
    shown = max(0, min(left + 9, 30) - max(left, 0)) * max(0, min(top + 8, 20) - max(top, 0))
    assert np.count_nonzero(frame[..., 0]) == shown


def test_a_stack_looks_like_its_layers_one_after_the_other():
    layers = [render(disc(80), Pose(40, 30, 30)), render(disc(220), Pose(55, 38, 24, angle=20))]
    one, other = (np.full((70, 90, 3), 120, np.uint8) for _ in range(2))
    for layer in layers:
        paste(one, layer)
    paste(other, stack(layers))
    assert np.abs(one.astype(int) - other).max() <= 2


def test_a_plain_sprite_shows_no_fringe_on_its_own_colour():
    frame = np.full((80, 80, 3), 200, np.uint8)
    paste(frame, render(disc(200), Pose(40.4, 39.7, 33.3, angle=17, bend=0.05)))
    assert np.abs(frame.astype(int) - 200).max() <= 2


@settings(max_examples=30)
@given(size=st.floats(12, 90), angle=st.floats(-180, 180), x=st.floats(-5, 5), stretch=st.floats(0.8, 1.25))
def test_a_pose_moves_scales_and_turns(size, angle, x, stretch):
    layer = render(disc(), Pose(50 + x, 40, size, angle=angle, stretch=stretch))
    rows, columns = np.nonzero(layer.mask)
    assert abs(columns.mean() + layer.left - (50 + x)) < 0.6
    assert abs(rows.mean() + layer.top - 40) < 0.6
    original = np.count_nonzero(disc().levels[0][..., 3] > 127) / SPRITE**2
    assert np.count_nonzero(layer.mask) == pytest.approx(original * size**2, rel=0.12, abs=8)


def test_stretch_widens_and_flattens():
    layer = render(disc(), Pose(0, 0, 60, stretch=1.3))
    rows, columns = np.nonzero(layer.mask)
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1.3**2, rel=0.06)


def test_small_sizes_use_small_pictures():
    sprite = disc()
    assert [picture.shape[0] for picture in sprite.levels] == [SPRITE >> level for level in range(LEVELS)]
    assert [sprite.level(size).shape[0] for size in (300, 96, 60, 48, 13, 5)] == [96, 96, 96, 48, 24, 12]


def test_motion_smears_along_the_way_and_keeps_what_there_is():
    layer = render(disc(), Pose(40, 40, 20))
    blurred = smear(layer, 12.0, 0.0)
    assert blurred.pixels[..., 3].sum() == pytest.approx(layer.pixels[..., 3].sum(), rel=0.02)

    def extent(of: Layer) -> list[int]:
        return [int(np.ptp(axis)) for axis in np.nonzero(of.pixels[..., 3] > 20)]

    rows, columns = np.subtract(extent(blurred), extent(layer))
    assert rows <= 1
    assert 6 <= columns <= 13


def test_no_motion_smears_nothing():
    layer = render(disc(), Pose(40, 40, 20))
    assert smear(layer, 0.4, -0.3) is layer
    assert smear_image(layer.pixels, 0.0, 0.0) is layer.pixels


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_outlines_fill_the_sprite_within_the_margin_in_one_piece(shape):
    import cv2

    for seed in range(5):
        outline = draw_outline(np.random.default_rng(seed), shape)
        rows, columns = np.nonzero(outline)
        assert min(rows.min(), columns.min()) >= 4
        assert max(rows.max(), columns.max()) <= SPRITE - 4
        assert max(np.ptp(rows), np.ptp(columns)) > 0.84 * SPRITE
        assert cv2.connectedComponents((outline > 127).astype(np.uint8))[0] == 2
