import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.training.benchmark.builders import boxes, slow_iou
from training.benchmark.scores.metrics import (
    NORMALISED_THRESHOLDS,
    OVERLAP_THRESHOLDS,
    PRECISION_THRESHOLDS,
    centre_errors,
    error_hits,
    normalised_errors,
    overlaps,
    success_hits,
)

place = st.floats(-100, 100)
extent = st.floats(0.1, 100)
box = st.tuples(place, place, extent, extent)


def test_thresholds_are_those_of_the_toolkits() -> None:
    assert OVERLAP_THRESHOLDS.tolist() == np.linspace(0, 1, 21).tolist() == np.arange(0, 1.05, 0.05).tolist()
    assert PRECISION_THRESHOLDS.tolist() == list(range(51))
    assert NORMALISED_THRESHOLDS[20] == 0.2


def test_overlaps_by_hand() -> None:
    truth = boxes([10, 10, 20, 20])
    results = boxes([10, 10, 20, 20], [20, 10, 20, 20], [30, 10, 20, 20], [10, 10, 10, 20], [50, 50, 5, 5])
    assert overlaps(results, truth).tolist() == [1, 200 / 600, 0, 0.5, 0]


def test_centre_errors_by_hand() -> None:
    truth = boxes([10, 10, 20, 20])
    results = boxes([10, 10, 20, 20], [20, 10, 20, 20], [10, 10, 10, 20], [13, 14, 20, 20])
    assert centre_errors(results, truth).tolist() == [0, 10, 5, 5]
    assert normalised_errors(results, truth) == pytest.approx([0, 0.5, 0.25, 0.25])


def test_normalised_errors_divide_each_axis_by_its_own_side() -> None:
    assert normalised_errors(boxes([14, 13, 20, 30]), boxes([10, 10, 20, 30]))[0] == pytest.approx(
        np.hypot(0.2, 0.1)
    )


@given(st.lists(st.tuples(box, box), min_size=1, max_size=20))
def test_overlaps_agree_with_one_number_at_a_time(
    pairs: list[tuple[tuple[float, ...], tuple[float, ...]]],
) -> None:
    first, second = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    assert overlaps(first, second) == pytest.approx([slow_iou(a, b) for a, b in pairs], abs=1e-12)
    assert overlaps(first, second) == pytest.approx(overlaps(second, first), abs=1e-12)


values = st.one_of(
    st.floats(-1, 1),
    st.sampled_from([k / 20 for k in range(21)] + [0.15, 0.3, 0.35, np.nan, -1.0, 0.0, 1.0]),
)


@given(arrays(np.float64, st.integers(1, 60), elements=values))
def test_success_counts_strictly_greater(overlap: np.ndarray) -> None:
    groups = np.arange(len(overlap)) % 3
    counted = success_hits(overlap, groups, 3)
    for group in range(3):
        expected = [(overlap[groups == group] > t).sum() for t in OVERLAP_THRESHOLDS]
        assert counted[group].tolist() == expected


@given(
    arrays(
        np.float64,
        st.integers(1, 60),
        elements=st.one_of(st.floats(-1, 60), st.sampled_from([20.0, 50.0, np.nan])),
    )
)
def test_errors_count_up_to_the_threshold(errors: np.ndarray) -> None:
    groups = np.arange(len(errors)) % 3
    counted = error_hits(errors, groups, 3)
    for group in range(3):
        assert counted[group].tolist() == [(errors[groups == group] <= p).sum() for p in PRECISION_THRESHOLDS]


def test_an_overlap_of_k_twentieths_never_passes_its_threshold() -> None:
    for k in range(21):
        assert success_hits(np.array([k / 20]), np.array([0]), 1)[0, k] == 0
