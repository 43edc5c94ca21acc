"""Every frame of an animation and every page of a file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.tracking.video import pages
from training.tracking.video.source import open_source

GREYS = [(37 * n) % 256 for n in range(1, 13)]
"""Of the frames; far apart, so that a lossy codec keeps them apart."""


@pytest.fixture(params=["webp", "png", "avif", "tif"])
def animated(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    frames = [np.full((32, 48, 3), grey, np.uint8) for grey in GREYS]
    path = tmp_path / f"clip.{request.param}"
    if request.param == "tif":
        assert cv2.imwritemulti(str(path), frames)
        return path
    animation = cv2.Animation()
    animation.frames, animation.durations = frames, np.full(len(frames), 40)
    try:
        written = cv2.imwriteanimation(str(path), animation)
    except cv2.error:
        written = False
    if not written:
        pytest.skip(f"this OpenCV writes no animated {request.param}")
    return path


def greys(path: Path) -> list[int]:
    return [int(frame[16, 24, 0]) for frame in open_source(path).frames if frame is not None]


@pytest.mark.parametrize("at_once", [1, 3 * 32 * 48 * 3, pages.AT_ONCE])
def test_all_frames_of_an_animation_are_read(
    animated: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "AT_ONCE", at_once)
    assert open_source(animated).count == len(GREYS)
    np.testing.assert_allclose(greys(animated), GREYS, atol=3)


def test_a_folder_of_one_animation_is_that_animation(animated: Path) -> None:
    np.testing.assert_allclose(greys(animated.parent), GREYS, atol=3)
    np.testing.assert_allclose(greys(animated.parent / "*.*"), GREYS, atol=3)


def test_an_animation_that_is_cut_short_gives_what_is_there(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    animation = cv2.Animation()
    rng = np.random.default_rng(0)
    animation.frames = [rng.integers(0, 256, (32, 48, 3), np.uint8) for _ in range(4)]
    animation.durations = np.full(4, 40)
    assert cv2.imwriteanimation(str(tmp_path / "a.png"), animation)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) * 5 // 8])
    source = open_source(tmp_path / "a.png")
    assert (source.count, source.exact) == (4, True)
    found = list(source.frames)
    assert 1 <= len(found) < 4
    np.testing.assert_array_equal(found[0], animation.frames[0])
    assert "grfmt" not in capfd.readouterr().err
