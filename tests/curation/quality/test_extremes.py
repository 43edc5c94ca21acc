"""The planted oddities are the ones that are shown."""

from __future__ import annotations

import numpy as np

from curation.crops.crop_config import CropConfig
from curation.quality.extremes import KINDS, Sighting, choose, strangest
from curation.quality.measures import measure
from tests.curation.quality.test_measures import instances_of

CALM = [[50, 40, 20, 20]] * 6


def find(tracks: dict[int, list[list[int]]], number: int = 3) -> list:
    instances = instances_of({n: (list(range(len(b))), b) for n, b in tracks.items()})
    return strangest(instances, measure(instances, CropConfig()), number)


def test_each_kind_finds_its_own() -> None:
    def with_one(box: list[int]) -> list[list[int]]:
        return [*CALM[:3], box, *CALM[4:]]

    planted = {
        1: with_one([120, 40, 20, 20]),  # jumps
        2: [*CALM[:3], [45, 35, 30, 30], [40, 30, 40, 40], [30, 20, 60, 60]],  # grows, on its centre
        3: with_one([40, 48, 40, 4]),  # flat
        4: [[-10, 40, 20, 20]] * 6,  # half outside
        5: [[59, 49, 2, 2]] * 6,  # tiny
        6: CALM,
    }
    first = {}
    for sighting in find(planted):
        first.setdefault(sighting.kind, sighting)
    assert {kind: sighting.track for kind, sighting in first.items()} == {
        "motion": 1,
        "size_change": 3,
        "aspect_change": 3,
        "truncation": 4,
        "aspect": 3,
        "box_size": 5,
        "padding": 2,
    }
    assert (first["motion"].frame, first["motion"].value) == (3, 70 / 20)
    assert first["motion"].message() == "a/v track 1 jumps by 3.50 box sizes in one frame (frame 3)"
    assert first["aspect"].record()["value"] == 10
    assert first["truncation"].value == 0.5


def test_small_shares_are_not_said_to_be_none() -> None:
    assert Sighting("truncation", 0.002, 0.002, "a/v", 0, 3, 0).message() == (
        "a/v track 0 lies 0.2% outside the image (frame 3)"
    )


def test_growing_and_shrinking_are_equally_strange() -> None:
    grow = [[50, 40, 20, 20], [45, 35, 30, 30]]
    sightings = [s for s in find({0: grow, 1: grow[::-1]}) if s.kind == "size_change"]
    assert np.isclose(sightings[0].strangeness, sightings[1].strangeness)


def test_what_is_not_strange_at_all_is_not_shown() -> None:
    assert {sighting.kind for sighting in find({0: CALM})} == {"box_size"}


def test_choice_takes_turns_and_shows_no_track_twice() -> None:
    jump = {n: [[50, 40, 20, 20], [50 + 5 * n, 40, 20, 20]] for n in range(1, 9)}
    sightings = find(jump, number=10)
    chosen = choose(sightings, 5)
    assert chosen[0].kind == "motion"
    assert chosen[0].track == 8
    assert len({sighting.track for sighting in chosen}) == 5
    assert len({sighting.kind for sighting in chosen[: len({s.kind for s in sightings})]}) > 1
    assert {s.track for s in choose(sightings, 100)} == set(jump)
    assert choose(sightings, 0) == []


def test_the_number_of_candidates_is_bounded() -> None:
    sightings = find(dict.fromkeys(range(20), CALM), number=4)
    assert len(sightings) <= 4 * len(KINDS)
