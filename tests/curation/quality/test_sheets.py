"""Boxes are drawn where they are, and what is missing or broken is not passed over."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from curation.crops.geometry import Window
from curation.errors import InputError
from curation.quality.sheets import GAP, Tile, sheet, strips

GREY = bytes(cv2.imencode(".jpg", np.full((255, 255, 3), 128, np.uint8))[1])


def decoded(jpeg: bytes) -> Any:
    picture: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return picture.astype(int)


def test_the_box_is_drawn_where_it_is() -> None:
    inner = 240 - GAP
    window = Window(80, 70, inner)  # one pixel of the frame is one of the picture
    box = np.array([100.0, 100.0, 40.0, 20.0])
    picture = decoded(sheet([Tile(GREY, box, window, "")], columns=1, side=240))[:inner, :inner]
    lines = picture[:, :, 1] - picture[:, :, 2] > 30  # green over red
    rows, columns = np.flatnonzero(lines.sum(axis=1) > 30), np.flatnonzero(lines.sum(axis=0) > 15)
    # x 100 - 80 .. 139 - 80, y 100 - 70 .. 119 - 70; JPEG spreads a thin line by a pixel.
    for found, wanted in ((rows, (30, 49)), (columns, (20, 59))):
        assert abs(found[0] - wanted[0]) <= 1
        assert abs(found[-1] - wanted[1]) <= 1
    assert not lines[34:46, 24:56].any()


def test_occluded_boxes_and_the_moment_meant_stand_out() -> None:
    box, window = np.array([100.0, 100.0, 40.0, 20.0]), Window(80, 70, 237)
    plain, occluded, marked = (
        decoded(strips([("", [Tile(GREY, box, window, "", **flags)])], columns=1, side=240))[24:]
        for flags in ({}, {"occluded": True}, {"marked": True})
    )
    assert plain[30, 40, 1] > plain[30, 40, 2] + 30  # green
    assert occluded[30, 40, 2] > occluded[30, 40, 0] + 30  # orange
    assert marked[0, 120, 2] > marked[0, 120, 1] + 60  # red frame
    assert abs(plain[0, 120] - 128).max() < 10


def test_a_tile_without_crop_says_so_and_a_broken_one_is_an_error() -> None:
    box = np.array([0.0, 0.0, 10.0, 10.0])
    picture: Any = cv2.imdecode(
        np.frombuffer(sheet([Tile(None, box, Window(0, 0, 10), "x")], columns=1, side=96), np.uint8),
        cv2.IMREAD_COLOR,
    )
    assert picture[:96].max() > 100  # the words
    with pytest.raises(InputError, match="crop v 3-0 is not a readable JPEG"):
        sheet([Tile(b"nonsense", box, Window(0, 0, 10), "v 3-0")], columns=1, side=96)
