"""The place and the height of a response's maximum, to a fraction of a cell."""

from __future__ import annotations

import numpy as np


def find_peak(response: np.ndarray) -> np.ndarray:
    """The (y, x) place of the maximum, in cells from the middle of the map.

    A parabola through the maximum and its two neighbours, per axis, refines it by up to half a cell; at the
    edge of the map the cell's own place is taken.

    Parameters
    ----------
    response : (h, w) float array
    """
    row, column = np.unravel_index(int(response.argmax()), response.shape)
    fine = [row + parabola(response[:, column], row), column + parabola(response[row], column)]
    return np.array(fine) - (np.array(response.shape) - 1) / 2


def height(response: np.ndarray, place: np.ndarray) -> float:
    """The response between cells: on the two parabolas through the cell nearest to `place` and its neighbours.

    Parameters
    ----------
    response : (h, w) float array
    place : (y, x)
        Cells from the middle of the map; it lies on the map.
    """
    cell = place + (np.array(response.shape) - 1) / 2
    row, column = (int(index) for index in np.rint(cell))
    value = float(response[row, column])
    for line, index, at in ((response[:, column], row, cell[0]), (response[row], column, cell[1])):
        if 0 < index < len(line) - 1:
            before, middle, after = (float(value) for value in line[index - 1 : index + 2])
            shift = at - index
            value += shift * (after - before) / 2 + shift**2 * (before - 2 * middle + after) / 2
    return value


def parabola(values: np.ndarray, index: int | np.intp) -> float:
    """Offset, within half a step, of the peak of the parabola through `values[index]` and its neighbours."""
    if not 0 < index < len(values) - 1:
        return 0.0
    before, middle, after = (float(value) for value in values[index - 1 : index + 2])
    curvature = before - 2 * middle + after
    if curvature >= 0:
        return 0.0
    return float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5))
