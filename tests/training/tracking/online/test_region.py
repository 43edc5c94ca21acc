"""The region of interest: odd numbers of cells, within limits, and the target in its middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tracking.online.online_config import RegionConfig
from training.tracking.online.region import cut, plan

SIDE = st.floats(1, 2000)


@given(SIDE, SIDE)
def test_cells_are_odd_the_kernel_fits_and_no_side_is_over_the_limit(width, height):
    config = RegionConfig()
    geometry = plan(np.array([width, height]), config)
    for cells, kernel, response in zip(geometry.cells, geometry.kernel, geometry.response, strict=True):
        assert cells % 2 == kernel % 2 == response % 2 == 1
        assert 3 <= kernel < cells <= config.max_cells
    assert np.sqrt(np.prod(geometry.target)) == pytest.approx(config.target_cells)


@pytest.mark.parametrize("size", [(32.0, 32.0), (64.0, 64.0), (128.0, 120.0)])
def test_the_target_fills_the_kernel_in_the_middle_of_the_region(squeezenet, size):
    frame = np.zeros((400, 500, 3), np.uint8)
    w, h = map(int, size)
    frame[180 : 180 + h, 200 : 200 + w] = 255
    centre = np.array([200 + (w - 1) / 2, 180 + (h - 1) / 2])
    geometry = plan(np.array(size), RegionConfig())
    rows, columns = np.nonzero(cut(frame, centre, np.array(size), geometry, squeezenet)[..., 0] > 127)
    image = [squeezenet.input_side(side) for side in geometry.cells]
    assert (rows.mean(), columns.mean()) == pytest.approx([(image[0] - 1) / 2, (image[1] - 1) / 2], abs=0.6)
    wide, high = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert (wide, high) == pytest.approx(geometry.target * squeezenet.stride, abs=1.5)
