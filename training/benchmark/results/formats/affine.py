"""Results that are warps of a template or corners, turned into boxes as OTB's own tools do.

[MATLAB toolkit, rstEval/calcRectCenter and its helpers.] Frames are N; coordinates are the file's own, 1-based.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from training.benchmark.arrays import Array, matlab_round


def _ivt(warps: Array, size: Array) -> Array:
    """Warps (N, 6) of a template of `size` width and height; its corners lie around its middle."""
    half = size / 2
    first, third = (_floored(warps, *(side * half)) for side in (-1, 1))
    return np.concatenate([first, third - first], axis=1)


def _floored(p: Array, u: float, v: float) -> Array:
    x = p[:, 0] + p[:, 2] * u + p[:, 3] * v
    y = p[:, 1] + p[:, 4] * u + p[:, 5] * v
    return np.floor(np.stack([x, y], axis=1))


def _l1(warps: Array, size: Array) -> Array:
    """Warps (N, 6) from row and column of a template of `size` rows and columns, which count from 1."""
    first, last = (_rounded(warps, *corner) for corner in ((1.0, 1.0), (size[0], size[1])))
    return np.concatenate([first, last - first + 1], axis=1)


def _rounded(a: Array, i: float, j: float) -> Array:
    rows = a[:, 0] * i + a[:, 1] * j + a[:, 4]
    columns = a[:, 2] * i + a[:, 3] * j + a[:, 5]
    return matlab_round(np.stack([columns, rows], axis=1))


def _corners(points: Array, size: Array) -> Array:  # noqa: ARG001
    """Four points (N, 2, 4), x above y: the box around them."""
    low, high = points.min(axis=2), points.max(axis=2)
    return matlab_round(np.concatenate([low, high - low + 1], axis=1))


def _lk(warps: Array, size: Array) -> Array:
    """Warps (N, 2, 3), to which the identity is added, of a template of `size` rows and columns."""
    rows, columns = size[:2]
    corners = np.array([[1, 1, columns, columns], [1, rows, rows, 1], [1, 1, 1, 1]], dtype=np.float64)
    return _corners((warps + np.eye(2, 3)) @ corners, size)


def _similarity(warps: Array, size: Array) -> Array:
    """Scale, angle and shift (N, 4), as warps of `_lk`."""
    scale, angle, x, y = warps.T
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return _lk(np.moveaxis(np.array([[cosine, -sine, x], [sine, cosine, y]]), 2, 0), size)


KINDS: Mapping[str, tuple[tuple[int, ...], Callable[[Array, Array], Array]]] = {
    "ivtaff": ((6,), _ivt),
    "affine_ivt": ((6,), _ivt),
    "l1aff": ((6,), _l1),
    "affine_l1": ((6,), _l1),
    "lk_aff": ((2, 3), _lk),
    "affine_lk": ((2, 3), _lk),
    "4corner": ((2, 4), _corners),
    "affine": ((2, 4), _corners),
    "similarity": ((4,), _similarity),
}
"""Form of a frame's numbers and what makes a box of them, by the type in lower case: MATLAB's name, and J. Lim's."""


def boxes_of(kind: str, numbers: Array, size: Array) -> Array:
    """Boxes (N, 4) `x y w h` of results of a type.

    Parameters
    ----------
    kind : str
        `rect`, or one of `KINDS` in any case.
    numbers : float64
        As in the file: (N, k); of types with 2 x k numbers a frame (2 N, k), (N, 2, k) or MATLAB's (2, k, N).
    size : (2,) float64
        Size of the template; empty where the file has none.

    Raises
    ------
    ValueError
        For another type, or numbers or a size of another form.
    """
    if kind == "rect":
        if numbers.ndim != 2 or numbers.shape[1] != 4 or not len(numbers):
            raise ValueError(f"holds an array of shape {numbers.shape} instead of N x 4")
        return numbers
    if kind.lower() not in KINDS:
        raise ValueError(f"holds results of the unknown type {kind[:60]!r}")
    form, make = KINDS[kind.lower()]
    if len(form) == 2 and numbers.ndim == 3 and numbers.shape[:2] == form:
        numbers = np.moveaxis(numbers, 2, 0)
    elif len(form) == 2 and numbers.ndim == 2 and numbers.shape[1:] == form[1:] and not len(numbers) % 2:
        numbers = numbers.reshape(-1, *form)
    if numbers.shape[1:] != form or not len(numbers):
        raise ValueError(f"holds an array of shape {numbers.shape} for results of type {kind}")
    if make is not _corners and size.shape != (2,):
        raise ValueError(f"has no template size of two numbers for results of type {kind}")
    return make(numbers, size)
