"""Which videos belong to a test set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.errors import InputError
from training.benchmark.sequences.held_out import VOT_OVERLAP, is_listed, list_names, listed

SHARED = Path(__file__).parents[5] / "shared/benchmarks"


def test_the_thousand_videos_of_got10k_that_overlap_with_vot() -> None:
    every = [f"GOT-10k_Train_{number:06d}" for number in range(1, 9336)]
    found = listed(every)
    assert list(found) == [VOT_OVERLAP]
    assert len(found[VOT_OVERLAP]) == 1000
    assert found[VOT_OVERLAP][:3] == ["GOT-10k_Train_000004", "GOT-10k_Train_000013", "GOT-10k_Train_000015"]
    if (given := SHARED / "GOT10k_VOT_overlap.json").is_file():
        numbers = json.loads(given.read_text())["videos"]
        assert found[VOT_OVERLAP] == [f"GOT-10k_Train_{number:06d}" for number in numbers]


def test_test_videos_of_lasot_by_their_names() -> None:
    every = [f"airplane-{number}" for number in range(1, 21)]
    assert listed(every) == {"lasot": ["airplane-1", "airplane-9", "airplane-13", "airplane-15"]}


def test_own_clips_that_are_called_as_sequences_are_however_they_are_written() -> None:
    found = listed(["Basketball", "my_dog", "airport-ce"])
    assert found["otb2015"] == ["Basketball"]
    assert found["tc128"] == ["Basketball", "airport-ce"]
    assert not {"otb2013", "otb50"} & set(found), "choices from otb2015 say no more"
    assert all("my_dog" not in videos for videos in found.values())


def test_a_folder_of_two_targets_is_known_by_its_own_name() -> None:
    found = listed(["jogging", "Skating2", "Skating2-1", "Skating", "my-jogging", "Jogging.3"])
    assert found == {"otb2015": ["jogging", "Skating2", "Skating2-1"], "tc128": ["Skating2"]}
    assert listed(["bird1"])["uav123"] == ["bird1"], "that of bird1_1 to bird1_3"
    assert listed(["airplane", "airboard", "GOT-10k_Test"]) == {}, "numbers that are of the name stay"


def test_lists_have_names() -> None:
    assert {VOT_OVERLAP, "lasot", "otb2015", "nfs"} <= set(list_names())
    assert is_listed("otb50", "Basketball")
    with pytest.raises(InputError, match=r"no list of test videos is named 'lasto'.*lasot"):
        is_listed("lasto", "x")
