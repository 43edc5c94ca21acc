"""Names and JSON of the classic layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.classic.layout import (
    CropName,
    crop_file,
    index_parts,
    parse_crop_file,
    parse_instance_path,
)
from curation.errors import InputError
from curation.imdb import load_imdb, split_file
from tests.curation.imdb.test_build import Made


@given(st.integers(0, 10**8), st.integers(0, 10**6), st.sampled_from("xz"))
def test_names_come_back(frame: int, track: int, kind: str) -> None:
    assert parse_crop_file(crop_file(frame, track, kind)) == CropName(frame, track, kind)


def test_names_are_those_of_the_published_scripts() -> None:
    assert crop_file(7, 3, "x") == "000007.03.crop.x.jpg"
    assert crop_file(7, 123, "z") == "000007.123.crop.z.jpg"
    for other in ("000007.JPEG", "7.3.crop.x.jpg", "000007.03.crop.y.jpg", "000007.03.crop.x.jpg~", ""):
        assert parse_crop_file(other) is None


@pytest.mark.parametrize(
    "path",
    [
        "../a/v/000000.00.crop.x.jpg",
        "a/../v/000000.00.crop.x.jpg",
        "a/../000000.00.crop.x.jpg",
        "a/v/../000000.00.crop.x.jpg",
        "/a/v/000000.00.crop.x.jpg",
        "a/v/000000.00.crop.z.jpg",
        "a/v/000000.JPEG",
        "a/v\n/000000.00.crop.x.jpg",
        "a\\v\\000000.00.crop.x.jpg",
        "",
    ],
)
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(InputError, match="here: instance_path") as caught:
        parse_instance_path(path, "here")
    assert caught.value.reason == "bad instance path"


def test_path_of_an_instance() -> None:
    assert parse_instance_path("e/v.1/000012.03.crop.x.jpg", "here") == ("e", "v.1", CropName(12, 3, "x"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_index_is_the_text_that_json_dump_writes(made: Made) -> None:
    made.video("v", {0: [0, 1], 12: [1, 2]})
    made.video("w", {3: [5, 7]}, subset="b")
    made.video("none", {0: [5]})
    made.build()
    text = b"".join(index_parts(load_imdb(split_file(made.folder / "imdb", "train")))).decode()
    expected = {
        "num_videos": 2,
        "data_str": "Data/VID/train/",
        "videos": {
            "v": [
                {
                    "0": [
                        {"instance_path": "a/v/000000.00.crop.x.jpg", "bbox": [0.0, 0.0, 10.0, 20.0]},
                        {"instance_path": "a/v/000001.00.crop.x.jpg", "bbox": [1.0, 0.0, 10.0, 20.0]},
                    ],
                    "12": [
                        {"instance_path": "a/v/000001.12.crop.x.jpg", "bbox": [1.0, 12.0, 10.0, 20.0]},
                        {"instance_path": "a/v/000002.12.crop.x.jpg", "bbox": [2.0, 12.0, 10.0, 20.0]},
                    ],
                }
            ],
            "w": [
                {
                    "3": [
                        {"instance_path": "b/w/000005.03.crop.x.jpg", "bbox": [5.0, 3.0, 10.0, 20.0]},
                        {"instance_path": "b/w/000007.03.crop.x.jpg", "bbox": [7.0, 3.0, 10.0, 20.0]},
                    ]
                }
            ],
        },
    }
    assert text == json.dumps(expected, indent=2)
    empty = b"".join(index_parts(load_imdb(split_file(made.folder / "imdb", "val")))).decode()
    assert empty == json.dumps({"num_videos": 0, "data_str": "Data/VID/train/", "videos": {}}, indent=2)


def test_two_videos_of_one_name_are_refused(made: Made) -> None:
    made.video("v", {0: [0, 1]})
    made.video("v", {0: [0, 1]}, subset="b")
    made.build()
    imdb = load_imdb(split_file(made.folder / "imdb", "train"))
    with pytest.raises(InputError, match="two subsets hold a video named v"):
        list(index_parts(imdb))
