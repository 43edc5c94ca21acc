"""Gaussians on response maps."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.tracking.online.gaussians import axis_scale, gaussian


def test_the_peak_is_one_at_the_given_cell():
    label = gaussian((11, 15), (2.0, -3.0), (1.0, 1.5))
    assert label.shape == (11, 15)
    assert label[7, 4] == 1
    assert label.max() == 1


def test_a_peak_between_cells_is_symmetrical_about_its_place():
    label = gaussian((9, 9), (0.5, 0.0), (1.0, 1.0))
    torch.testing.assert_close(label[4, 4], label[5, 4])
    torch.testing.assert_close(label[4, 4], torch.tensor(np.exp(-0.125), dtype=torch.float32))


def test_sigma_is_the_standard_deviation_per_axis():
    label = gaussian((9, 9), (0.0, 0.0), (2.0, 1.0))
    torch.testing.assert_close(label[6, 4], torch.tensor(np.exp(-0.5), dtype=torch.float32))
    torch.testing.assert_close(label[4, 5], torch.tensor(np.exp(-0.5), dtype=torch.float32))


@given(st.sampled_from([3, 5, 9, 13]), st.sampled_from([3, 5, 9, 13]))
def test_axis_scale_is_the_side_of_a_square_and_between_side_and_mean_otherwise(height, width):
    scale_y, scale_x = axis_scale((height, width))
    mean = np.sqrt(height * width)
    np.testing.assert_allclose(scale_y * scale_x, mean**2)
    assert min(height, mean) - 1e-9 <= scale_y <= max(height, mean) + 1e-9
    np.testing.assert_allclose(scale_y**2, height * mean)
