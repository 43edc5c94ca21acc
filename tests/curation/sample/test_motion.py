"""Curves: bounded, smooth, and steps that end where they say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.sample.motion import excursion, shake_curve, smooth_curve


@given(seed=st.integers(0, 10**6), period=st.floats(20, 200), amplitude=st.floats(0.01, 50))
def test_smooth_curves_are_bounded_and_have_inertia(seed, period, amplitude):
    curve = smooth_curve(np.random.default_rng(seed), 100, period=period, amplitude=amplitude)
    assert np.abs(curve).max() <= amplitude + 1e-3
    steepest = 2 * np.pi / period * amplitude * (1 + 0.35 / 0.53 + 0.35**2 / 0.31) / (1 + 0.35 + 0.35**2)
    assert np.abs(np.diff(curve)).max() <= steepest + 2e-3


def test_shaking_has_the_deviation_asked_for():
    curve = shake_curve(np.random.default_rng(1), 20000, 2.0)
    assert abs(curve.std() - 2.0) < 0.1


@given(leave=st.integers(5, 40), stay=st.integers(0, 20), ramp=st.integers(1, 12))
def test_an_excursion_is_out_while_it_lasts_and_home_before_and_after(leave, stay, ramp):
    step = excursion(100, leave, leave + stay, ramp)
    assert (step[leave : leave + stay + 1] == 1).all()
    assert (step[: max(leave - ramp + 1, 0)] == 0).all()
    assert (step[leave + stay + ramp :] == 0).all()
    assert (np.diff(step[: leave + 1]) >= 0).all()
