"""The picture of distributions: whatever the values, one that can be drawn, and the same each time."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest

from curation.quality.histograms import BINS, _edges, histograms
from curation.quality.measures import MEASURES


def test_the_same_values_give_the_same_bytes() -> None:
    rng = np.random.default_rng(0)
    values = {subset: {name: rng.lognormal(size=50) for name in MEASURES} for subset in "ab"}
    png = histograms(values)
    assert png == histograms(values)
    assert b"matplotlib" not in png  # no version of the program that drew it
    assert cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR).shape == (700, 1400, 3)


def test_a_subset_without_boxes_can_be_drawn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        histograms({"a": {name: np.empty(0) for name in MEASURES}})


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("values", [[1.0], [0.5] * 9, [0.1, 10, 1000], np.linspace(0.5, 2, 9)])
def test_edges_ascend_and_enclose_the_values(values: list[float], logarithmic: bool) -> None:
    values = np.array(values)
    edges = _edges(values, logarithmic=logarithmic)
    assert len(edges) == BINS + 1
    assert (np.diff(edges) > 0).all()
    low, high = np.quantile(values, [0.001, 0.999])
    assert edges[0] <= low * (1 + 1e-9)
    assert edges[-1] >= high * (1 - 1e-9)
    assert logarithmic or edges[0] == 0
