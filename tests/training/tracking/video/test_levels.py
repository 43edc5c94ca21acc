"""Images of any depth as 8 bits: all of one source alike, and nothing lost without a word."""

from __future__ import annotations

import numpy as np
import pytest

from curation.errors import InputError
from training.tracking.video.levels import Levels

GREY = np.arange(60, dtype=np.uint8).reshape(6, 10)


@pytest.mark.parametrize(
    "image",
    [
        GREY,
        GREY[..., None],
        np.dstack([GREY] * 3),
        np.dstack([GREY] * 3 + [GREY * 0]),
        np.dstack([GREY, GREY * 0]),
    ],
    ids=["grey", "one channel", "colour", "alpha", "grey and alpha"],
)
def test_grey_is_repeated_and_alpha_dropped(image):
    found = Levels().to_bgr8(image)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.dstack([GREY] * 3))


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_part_of_16_bits_that_is_used_fills_8(bits, caplog):
    """12 bits divided by 257 would leave sixteen shades."""
    ramp = np.linspace(0, 2**bits - 1, 4096).astype(np.uint16).reshape(64, 64)
    with caplog.at_level("INFO"):
        found = Levels().to_bgr8(ramp, "a.tif")
    assert len(np.unique(found)) > 200
    assert "a.tif: 16 bits, 0 to" in caplog.text


def test_images_that_use_all_of_16_bits_are_divided_by_257():
    image = np.dstack([np.linspace(0, 65535, 4096).astype(np.uint16).reshape(64, 64)] * 3)
    np.testing.assert_array_equal(Levels().to_bgr8(image), np.rint(image / 257).astype(np.uint8))


def test_all_images_of_a_source_are_stretched_alike_and_it_is_said_once(caplog):
    levels = Levels()
    image = np.linspace(7000, 8000, 4096).astype(np.uint16).reshape(64, 64)
    with caplog.at_level("INFO"):
        first, brighter = levels.to_bgr8(image), levels.to_bgr8(image + 50)
    assert (brighter >= first).all()
    assert int(brighter[32, 32, 0]) - int(first[32, 32, 0]) == pytest.approx(50 * 255 / 1200, abs=2)
    assert len(caplog.records) == 1


def test_what_leaves_the_stretch_is_said_once(caplog):
    levels = Levels((0, 1000))
    image = np.full((8, 8), 5000, np.uint16)
    assert (levels.to_bgr8(image, "x") == 255).all()
    levels.to_bgr8(image, "x")
    [record] = caplog.records
    assert "x: 100 % of its values lie outside of 0 to 1000" in record.getMessage()
    assert "--range" in record.getMessage()


@pytest.mark.parametrize(
    ("stretch", "problem"),
    [
        ((0, np.inf), "must be finite"),
        ((np.nan, 1), "must be finite"),
        ((0, 1e39), "must be finite"),
        ((5, 5), "must be greater"),
        ((1e9, 1e9 + 1), "must be greater"),
        ((0, 1e-300), "must be greater"),
    ],
)
def test_a_stretch_that_is_none_is_refused(stretch, problem):
    with pytest.raises(InputError, match=problem):
        Levels(stretch)


@pytest.mark.parametrize(("stretch", "told"), [((0, 1e9), True), ((0, 65535), False), ((0, 4095), False)])
def test_a_stretch_that_leaves_nearly_nothing_is_reported(stretch, told, caplog):
    levels = Levels(stretch)
    image = np.linspace(0, 4095, 4096).astype(np.uint16).reshape(64, 64)
    levels.to_bgr8(image, "x")
    levels.to_bgr8(image, "x")
    assert [record.getMessage()[:30] for record in caplog.records] == [
        "x: 0 to 1e+09 leave only 1 of "
    ] * told


def test_a_stretch_for_8_bits_is_reported_once_and_changes_nothing(caplog):
    levels = Levels((0, 10))
    for _ in range(2):
        np.testing.assert_array_equal(levels.to_bgr8(GREY, "x"), np.dstack([GREY] * 3))
    [record] = caplog.records
    assert record.getMessage().startswith("x has 8 bits: --range is for images of more")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int32])
def test_other_types_are_stretched_and_survive_nan(dtype):
    image = np.linspace(-1000, 1000, 500).reshape(10, 50).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        image[0, 0] = np.nan
    found = Levels().to_bgr8(image)
    assert found.min() < 40
    assert found.max() > 215
    assert Levels().to_bgr8(np.zeros((4, 4), dtype)).shape == (4, 4, 3)
