"""Crops equal those of the plain, padding implementation: pixel for pixel, and byte for byte as JPEG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.crops.cutter import FrameCutter, encode_jpeg
from curation.crops.geometry import Window, centred_window, exemplar_side, search_side
from curation.images.frames import FrameReader, Image
from tests.curation.crops import plain_crops
from tests.curation.crops.crop_trees import jpeg, picture

WIDTH, HEIGHT = 160, 90
Box = tuple[int, int, int, int]


def ours(frame: Image, box: Box, search: int = 255) -> tuple[Image, Image]:
    cutter = FrameCutter()
    # What lies in kept memory must not matter.
    cutter._space = np.random.default_rng(0).integers(0, 256, 4_000_000, np.uint8)
    cutter.open(frame)
    _, _, w, h = box
    exemplar = cutter.cut(centred_window(box, exemplar_side(w, h, 0.5)), 127)
    return exemplar, cutter.cut(centred_window(box, search_side(w, h, 0.5, 127, search)), search)


def assert_equal_to_plain(frame: Image, box: Box, search: int = 255) -> None:
    before = frame.copy()
    for mine, theirs in zip(
        ours(frame, box, search), plain_crops.crops(frame, box, search=search), strict=True
    ):
        assert np.array_equal(mine, theirs), box
    assert np.array_equal(frame, before), "the frame must stay as it is"


def harsh(seed: int) -> Image:
    """Black and white noise: overshoot and rounding show most."""
    return np.random.default_rng(seed).choice(np.array([0, 255], np.uint8), (HEIGHT, WIDTH, 3))


CORNERS = {
    "whole image": (0, 0, WIDTH, HEIGHT),
    "one pixel": (80, 45, 1, 1),
    "one pixel, top left": (0, 0, 1, 1),
    "one pixel, bottom right": (WIDTH - 1, HEIGHT - 1, 1, 1),
    "top left": (0, 0, 20, 30),
    "top right": (WIDTH - 20, 0, 20, 30),
    "bottom left": (0, HEIGHT - 30, 20, 30),
    "bottom right": (WIDTH - 20, HEIGHT - 30, 20, 30),
    "half outside left": (-30, 30, 60, 20),
    "half outside right": (WIDTH - 30, 30, 60, 20),
    "half outside top": (50, -20, 30, 40),
    "half outside bottom": (50, HEIGHT - 20, 30, 40),
    "wholly outside": (5 * WIDTH, 5 * HEIGHT, 10, 10),
    "wholly outside, other side": (-5 * WIDTH, -5 * HEIGHT, 10, 10),
    "inside, no padding": (75, 40, 10, 12),
    "one row": (0, 44, WIDTH, 1),
    "one column": (80, 0, 1, HEIGHT),
    "larger than the image": (-WIDTH, -HEIGHT, 3 * WIDTH, 3 * HEIGHT),
}


@pytest.mark.parametrize("search", [255, 511])
@pytest.mark.parametrize("box", CORNERS.values(), ids=CORNERS.keys())
def test_equals_plain_in_every_corner(box: Box, search: int) -> None:
    assert_equal_to_plain(harsh(0), box, search)
    assert_equal_to_plain(picture(0, (WIDTH, HEIGHT)), box, search)


@settings(deadline=None, max_examples=150)
@given(
    st.integers(-WIDTH, WIDTH),
    st.integers(-HEIGHT, HEIGHT),
    st.integers(1, 2 * WIDTH),
    st.integers(1, 2 * HEIGHT),
    st.integers(0, 50),
)
def test_equals_plain_for_any_box(x: int, y: int, w: int, h: int, seed: int) -> None:
    assert_equal_to_plain(harsh(seed), (x, y, w, h))


@settings(deadline=None, max_examples=60)
@given(st.integers(3, 40), st.integers(3, 40), st.data())
def test_equals_plain_in_tiny_images(width: int, height: int, data: st.DataObject) -> None:
    frame = harsh(1)[:height, :width]
    w, h = data.draw(st.integers(1, width)), data.draw(st.integers(1, height))
    box = (data.draw(st.integers(0, width - w)), data.draw(st.integers(0, height - h)), w, h)
    assert_equal_to_plain(frame, box)


@pytest.mark.parametrize("kind", ["colour", "grey"])
def test_equals_plain_byte_for_byte_as_jpeg(tmp_path: Path, kind: str) -> None:
    image = picture(3, (WIDTH, HEIGHT))
    file = tmp_path / "frame.JPEG"
    file.write_bytes(jpeg(image if kind == "colour" else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))
    frame = cv2.imread(str(file))
    for box in CORNERS.values():
        theirs = tmp_path / "crop.jpg"
        cv2.imwrite(str(theirs), plain_crops.crops(frame, box)[1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        assert encode_jpeg(ours(frame, box)[1], 90) == theirs.read_bytes()


def test_fill_is_the_truncated_mean() -> None:
    frame = np.zeros((2, 2, 3), np.uint8)
    frame[0, 0] = (3, 4, 255)  # sums 3, 4, 255 over four pixels
    cutter = FrameCutter()
    cutter.open(frame)
    assert cutter.fill == (0, 1, 63)


def test_outside_the_image_is_one_colour_to_the_pixel() -> None:
    cutter = FrameCutter()
    cutter.open(harsh(2))
    crop = cutter.cut(Window(-300, -300, 600), 255)
    far = crop[:120]
    assert (far == np.array(cutter.fill, np.uint8)).all()
    assert crop[140].std() > 0


def test_padding_costs_no_memory_of_its_own() -> None:
    """A window a hundred times the frame: only its place in address space is taken."""
    import resource

    cutter = FrameCutter()
    cutter.open(harsh(0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cutter.cut(Window(-7000, -7000, 14_000), 255)  # 588 MB if it were made
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 100


def test_real_frames_equal_plain(shared: Path) -> None:
    root = shared / "data/ILSVRC2015"
    frames = sorted((root / "Data/VID/val/ILSVRC2015_val_00007010").glob("*.JPEG"))[::36]
    for file in frames:
        frame = cv2.imread(str(file))
        xml = root / "Annotations/VID/val" / file.parent.name / f"{file.stem}.xml"
        for _, box in plain_crops.read_objects(xml):
            z, x = plain_crops.crops(frame, box)
            mine = ours(frame, tuple(map(int, box)))  # type: ignore[arg-type]
            assert np.array_equal(mine[0], z)
            assert np.array_equal(mine[1], x)


def ramp(width: int, height: int) -> Image:
    """A grey level for each pixel to the right, up in the first channel and down in the second."""
    x = np.broadcast_to(np.arange(width), (height, width))
    return np.stack([x, 255 - x, x], axis=2).astype(np.uint8)


def reduced_frame(frame: Image, by: int) -> Image:
    content = jpeg(frame, cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111)
    return FrameReader().decode(content, Path("frame.JPEG"), reduced=by).copy()


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("by", [2, 4, 8])
@pytest.mark.parametrize("size", [(240, 200), (237, 195), (234, 203)])
def test_windows_of_a_reduced_frame_show_the_same_place(
    size: tuple[int, int], by: int, upright: bool
) -> None:
    frame = ramp(*size)
    frame = frame if upright else np.ascontiguousarray(frame.transpose(1, 0, 2))
    height, width = frame.shape[:2]
    exact, reduced = FrameCutter(), FrameCutter()
    exact.open(frame)
    reduced.open(reduced_frame(frame, by), by)
    shifts = []
    for side in (8 * by + 1, 13 * by, 100):
        for left, top in ((9, 11), (50, 41), (width - side - 9, height - side - 9)):
            window = Window(left, top, side)
            apart = (reduced.cut(window, 8).astype(float) - exact.cut(window, 8))[1:-1, 1:-1]
            shifts.append((apart[..., 0] - apart[..., 1]).mean() / 2)  # rounding is the same in both
    assert np.abs(shifts).max() < 0.6
    assert abs(np.mean(shifts)) < 0.25


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([2, 4, 8]), st.integers(-60, 150), st.integers(-60, 80), st.integers(30, 300))
def test_crops_of_a_reduced_frame_equal_plain_sums(by: int, left: int, top: int, side: int) -> None:
    frame = harsh(5)[: HEIGHT // by, : WIDTH // by]
    cutter = FrameCutter()
    cutter.open(frame, by)
    mine = cutter.cut(Window(left, top, side), 31)
    fill = [int(frame[:, :, channel].sum()) // frame[:, :, 0].size for channel in range(3)]
    padded = np.full((frame.shape[0] + 400, frame.shape[1] + 400, 3), fill, float)
    padded[200 : 200 + frame.shape[0], 200 : 200 + frame.shape[1]] = frame
    for row, column in ((0, 0), (7, 19), (15, 15), (30, 30), (30, 3)):
        y, x = ((first + (at + 0.5) * side / 31) / by - 0.5 for first, at in ((top, row), (left, column)))
        i, j = int(np.floor(y)), int(np.floor(x))
        near = padded[200 + i : 202 + i, 200 + j : 202 + j]
        down = near[0] * (1 - (y - i)) + near[1] * (y - i)
        expected = down[0] * (1 - (x - j)) + down[1] * (x - j)
        assert np.abs(mine[row, column] - expected).max() <= 255 / 32 + 1, (row, column)
