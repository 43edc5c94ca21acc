"""Textures: ranges, spectra, families whose members are alike but not the same, backdrops."""

from __future__ import annotations

import numpy as np
import pytest

from curation.sample.backgrounds import draw_background
from curation.sample.sample_config import WorldConfig
from curation.sample.textures import (
    COMMON_PATTERNS,
    EVALUATION_PATTERNS,
    TRAINING_PATTERNS,
    Family,
    draw_palette,
    draw_pattern,
    fractal,
)

ALL = (*TRAINING_PATTERNS, *EVALUATION_PATTERNS, *COMMON_PATTERNS)


def test_fractal_noise_uses_the_range_and_its_spectrum_falls():
    powers = []
    for seed in range(8):
        field = fractal(np.random.default_rng(seed), 128, 128)
        assert (field.min(), field.max()) == (0, 255)
        power = np.abs(np.fft.fft2(field - field.mean())) ** 2
        radius = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
        powers.append([power[(radius >= low) & (radius < 2 * low)].mean() for low in (0.016, 0.06, 0.24)])
    coarse, middle, fine = np.mean(powers, axis=0)
    assert coarse > 10 * middle > 100 * fine


@pytest.mark.parametrize("name", ALL)
def test_every_pattern_can_be_drawn_and_each_draw_differs(name):
    rng = np.random.default_rng(0)
    one, two = (draw_pattern(rng, name, 64, cells=4) for _ in range(2))
    assert one.shape == (64, 64)
    assert one.dtype == np.uint8
    if name != "plain":
        assert (one != two).any()
        assert np.ptp(one) > 60


def test_patterns_are_different_from_each_other():
    drawn = {name: draw_pattern(np.random.default_rng(4), name, 64, cells=4).tobytes() for name in ALL}
    assert len(set(drawn.values())) == len(ALL)


def test_a_palette_has_distinct_dark_and_bright_colours():
    for seed in range(10):
        grey = draw_palette(np.random.default_rng(seed), 4, vivid=0.8).mean(axis=1)
        assert np.ptp(grey) > 40


def test_members_of_a_family_are_closer_in_colour_than_families_are():
    within, between = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        first, second = Family.draw(rng, TRAINING_PATTERNS), Family.draw(rng, TRAINING_PATTERNS)
        one, two, other = (family.paint(rng, 96) for family in (first, first, second))
        assert (one != two).any()
        mean = [image.reshape(-1, 3).mean(axis=0) for image in (one, two, other)]
        within.append(np.abs(mean[0] - mean[1]).mean())
        between.append(np.abs(mean[0] - mean[2]).mean())
    assert np.mean(within) < 0.6 * np.mean(between)


@pytest.mark.parametrize("world", [WorldConfig(), WorldConfig(clutter=1.0, textures="mixed")])
def test_backdrops_are_softer_than_what_moves_before_them(world):
    """Their gradients are smaller than those of the objects' textures, so that objects stand out a little."""

    def gradient(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image.astype(float), axis=1)).mean())

    back, front = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        background = draw_background(rng, 180, 240, TRAINING_PATTERNS, world)
        assert background.shape == (180, 240, 3)
        back.append(gradient(background))
        front.append(gradient(Family.draw(rng, TRAINING_PATTERNS).paint(rng, 96)))
    assert np.mean(back) < np.mean(front)
