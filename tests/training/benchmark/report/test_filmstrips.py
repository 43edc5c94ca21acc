from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.benchmark.report.conftest import DRIFT, FRAMES
from training.benchmark.report.filmstrips import choose_filmstrips, frame_overlaps
from training.benchmark.results.result_reader import TrackerResults, read_results
from training.benchmark.sequences.sequence import Benchmark, Sequence


@pytest.fixture
def results(root: Path, otb: Benchmark) -> dict[str, TrackerResults]:
    return {name: read_results(root / "results" / "otb2013", name, otb) for name in DRIFT}


def test_the_worst_and_the_best_by_mean_overlap(otb: Benchmark, results: dict[str, TrackerResults]) -> None:
    films = choose_filmstrips(otb, results, leader="siamese", worst=1, best=2)
    assert [(film.sequence, film.why) for film in films] == [
        ("Dog", "worst"),
        ("Ant", "best"),
        ("Bee", "best"),
    ]
    assert {film.benchmark for film in films} == {"otb2013"}
    assert films[2].note == "IV, SV"


@pytest.mark.parametrize(("worst", "best"), [(3, 3), (2, 9), (9, 0), (1, 1), (0, 2)])
def test_none_twice(otb: Benchmark, results: dict[str, TrackerResults], worst: int, best: int) -> None:
    names = [
        film.sequence for film in choose_filmstrips(otb, results, leader="still", worst=worst, best=best)
    ]
    assert len(names) == len(set(names)) <= 4
    assert names


def test_frames_spread_from_first_to_last_with_boxes_0_based(
    otb: Benchmark, results: dict[str, TrackerResults]
) -> None:
    (film,) = choose_filmstrips(otb, results, leader="siamese", worst=1, best=0, frames=4)
    assert [frame.number for frame in film.frames] == [1, 9, 16, FRAMES]
    last = film.frames[-1]
    assert last.image == otb["Dog"].frames[-1]
    np.testing.assert_array_equal(last.truth, otb["Dog"].ground_truth[-1])
    np.testing.assert_allclose(last.boxes["still"], results["still"].boxes["Dog"][-1] - (1, 1, 0, 0))
    assert set(film.overlaps) == set(DRIFT)
    assert all(len(values) == FRAMES for values in film.overlaps.values())


def test_more_frames_than_there_are(otb: Benchmark, results: dict[str, TrackerResults]) -> None:
    (film,) = choose_filmstrips(otb, results, leader="siamese", worst=1, best=0, frames=100)
    assert [frame.number for frame in film.frames] == list(range(1, FRAMES + 1))


def test_without_the_trained_tracker_none(otb: Benchmark, results: dict[str, TrackerResults]) -> None:
    assert choose_filmstrips(otb, results, leader="nobody") == []


def test_a_tracker_may_lack_sequences(otb: Benchmark, results: dict[str, TrackerResults]) -> None:
    part = TrackerResults(boxes={"Ant": results["still"].boxes["Ant"]})
    (film,) = choose_filmstrips(otb, {**results, "still": part}, leader="siamese", worst=1, best=0)
    assert set(film.frames[0].boxes) == {"siamese", "template"}


def test_vot_regions_and_gaps(root: Path, vot: Benchmark) -> None:
    results = {name: read_results(root / "results" / "vot2016", name, vot) for name in DRIFT}
    films = choose_filmstrips(vot, results, leader="still", worst=1, best=1)
    assert {film.sequence for film in films} == {"eel", "fox"}
    values = films[0].overlaps["still"]
    assert np.isnan(values[[0, 10, 11, 15]]).all()
    assert np.isfinite(values[[1, 9, 16]]).all()
    assert films[0].frames[0].truth.shape == (8,)


def test_overlap_is_exact_and_nan_without_region() -> None:
    truth = np.array([[10.0, 10, 20, 20], [10, 10, 20, 20], [np.nan] * 4])
    sequence = Sequence(name="s", frames=(), annotation=truth, base=0)
    boxes = np.array([[20.0, 10, 20, 20], [np.nan] * 4, [1, 1, 5, 5]])
    np.testing.assert_allclose(frame_overlaps(boxes, sequence), [1 / 3, np.nan, np.nan])
