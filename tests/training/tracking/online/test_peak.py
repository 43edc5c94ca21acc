"""Peaks to a fraction of a cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tracking.online.gaussians import gaussian
from training.tracking.online.peak import find_peak, height, parabola


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_peak_of_a_gaussian_is_found_to_a_few_hundredths(y, x):
    found = find_peak(gaussian((13, 11), (y, x), (1.5, 1.5)).numpy())
    np.testing.assert_allclose(found, [y, x], atol=0.05)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 4), (6, 2), (3, 8)])
def test_a_peak_at_the_edge_is_that_cell(row, column):
    response = np.zeros((7, 9))
    response[row, column] = 1
    np.testing.assert_array_equal(find_peak(response), [row - 3, column - 4])


def test_a_parabola_gives_its_own_vertex():
    values = [-((x - 1.3) ** 2) for x in range(3)]
    assert parabola(np.array(values), 1) == pytest.approx(0.3)


@pytest.mark.parametrize("values", [[1, 1, 1], [3, 1, 3], [0, 0, 0]])
def test_flat_and_hollow_neighbours_move_nothing(values):
    assert parabola(np.array(values, dtype=float), 1) == 0


def test_the_height_between_cells_is_that_of_the_parabolas():
    y, x = np.mgrid[-4:5, -3:4]
    response = 1 - 0.01 * (y - 0.3) ** 2 - 0.02 * (x + 1.4) ** 2
    assert height(response, find_peak(response)) == pytest.approx(1.0)
    assert height(response, np.array([0.2, -1.1])) == pytest.approx(1 - 0.01 * 0.1**2 - 0.02 * 0.3**2)
    assert height(response, np.array([-4.0, 3.0])) == response[0, 6]
