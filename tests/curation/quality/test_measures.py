"""Measures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from curation.crops.crop_config import CropConfig
from curation.documents.annotated_tracks import Tracks
from curation.quality.measures import (
    MEASURES,
    Instances,
    at_border,
    flatten,
    measure,
    search_window,
    share_outside,
)
from tests.curation.trees import video_tracks

CROP = CropConfig()


def instances_of(tracks: dict[int, tuple[list[int], list[list[int]]]]) -> Instances:
    """Those of one video of 200 x 100 pixels, from frame numbers and boxes of each track."""
    return flatten(Tracks("a", {"v": video_tracks(tracks, size=(200, 100), frames=range(9))}))


def test_flattening_keeps_track_after_track() -> None:
    instances = instances_of({2: ([0, 1], [[0, 0, 9, 9], [1, 0, 9, 9]]), 5: ([4], [[3, 3, 2, 2]])})
    assert instances.tracks == [("a/v", 2), ("a/v", 5)]
    assert instances.track.tolist() == [0, 0, 1]
    assert instances.frame.tolist() == [0, 1, 4]
    assert instances.boxes.tolist() == [[0, 0, 9, 9], [1, 0, 9, 9], [3, 3, 2, 2]]
    assert instances.image.tolist() == [[200, 100]] * 3


def test_values_by_hand() -> None:
    boxes = [[10, 10, 40, 10], [16, 18, 40, 10], [16, 18, 40, 40]]
    values = measure(instances_of({0: ([3, 4, 5], boxes)}), CROP)
    assert set(values) == set(MEASURES)
    assert values["box_size"].tolist() == [20, 20, 40]
    assert values["relative_size"] == pytest.approx(np.array([20, 20, 40]) / np.sqrt(200 * 100))
    assert values["aspect"].tolist() == [4, 4, 1]
    assert values["motion"][1] == pytest.approx(10 / 20)  # 6 right, 8 down
    assert values["size_change"][1:].tolist() == [1, 2]
    assert values["aspect_change"][1:].tolist() == [1, 0.25]
    for name in ("motion", "size_change", "aspect_change"):
        assert np.isnan(values[name][0])


def test_nothing_is_compared_over_a_gap_or_between_tracks() -> None:
    far = [[0, 0, 10, 10], [90, 0, 10, 10]]
    values = measure(instances_of({0: ([0, 2], far), 1: ([3, 4], far)}), CROP)
    assert np.isnan(values["motion"]).tolist() == [True, True, True, False]


def test_truncation_and_padding_are_areas() -> None:
    boxes = [[-5, 10, 10, 10], [195, 95, 10, 10], [50, 50, 10, 10]]
    instances = instances_of({0: ([0, 1, 2], boxes)})
    values = measure(instances, CROP)
    assert values["truncation"] == pytest.approx([0.5, 0.75, 0])
    for box, padding in zip(instances.boxes, values["padding"], strict=True):
        left, top, side = search_window(box, CROP)
        inside = np.zeros((100, 200), bool)
        inside[max(top, 0) : top + side, max(left, 0) : left + side] = True
        assert padding == pytest.approx(1 - inside.sum() / side**2)
    assert values["padding"][2] == 0
    assert at_border(instances).tolist() == [True, True, False]


def test_a_rectangle_wholly_outside_counts_as_one() -> None:
    one = np.ones(1)
    assert share_outside(one * 500, one * 0, one * 10, one * 10, np.array([[200.0, 100.0]])) == pytest.approx(
        1
    )


def test_no_instances_give_empty_measures() -> None:
    values = measure(instances_of({}), CROP)
    assert all(array.shape == (0,) for array in values.values())
