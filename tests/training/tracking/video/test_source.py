"""Frames from files, folders and images of any depth."""

from __future__ import annotations

import socket

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from tests.training.tracking.clips import write_images
from training.tracking.video.source import open_source, to_bgr8


def test_images_are_ordered_by_number(tmp_path):
    frames = [np.full((20, 20, 3), value, np.uint8) for value in (10, 20, 30)]
    folder = write_images(tmp_path, frames, names=["f9", "f10", "f100"])
    assert [int(frame[0, 0, 0]) for frame in open_source(folder).frames] == [10, 20, 30]


def test_grey_16_bit_and_alpha_become_bgr():
    grey = np.arange(60, dtype=np.uint8).reshape(6, 10)
    for image in (
        grey,
        grey[..., None],
        grey.astype(np.uint16) * 257,
        np.dstack([grey] * 3 + [grey * 0]),
        np.dstack([grey.astype(np.uint16) * 257] * 3),
    ):
        found = to_bgr8(image)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, np.dstack([grey] * 3))


def test_float_images_are_stretched_and_survive_nan():
    image = np.linspace(-1, 1, 50, dtype=np.float32).reshape(5, 10)
    image[0, 0] = np.nan
    found = to_bgr8(image)
    assert found.min() == 0
    assert found.max() == 255
    assert (to_bgr8(np.zeros((4, 4), np.float32)) == 0).all()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.mp4", None, "does not exist"),
        ("text.mp4", b"no video", "cannot be opened as a video"),
        ("empty", "folder", "holds no images"),
    ],
)
def test_sources_that_are_none(tmp_path, name, content, problem, capfd):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        open_source(path)
    assert name in str(caught.value)


class StandInCamera:
    """A camera as OpenCV shows it: no number of frames, no rate, and an end when it is unplugged."""

    def __init__(self, place):
        assert place == 0
        self.left, self.released = 3, False

    def isOpened(self):  # noqa: N802
        return True

    def get(self, what):
        return {cv2.CAP_PROP_FRAME_COUNT: -1.0, cv2.CAP_PROP_FPS: 0.0}[what]

    def read(self):
        self.left -= 1
        return (True, np.full((6, 8, 3), self.left, np.uint8)) if self.left >= 0 else (False, None)

    def release(self):
        self.released = True


@pytest.mark.parametrize("index", ["0", 0])
def test_a_camera_gives_frames_until_it_is_unplugged(monkeypatch, index):
    cameras = []

    def opened(place):
        cameras.append(StandInCamera(place))
        return cameras[-1]

    monkeypatch.setattr(cv2, "VideoCapture", opened)
    source = open_source(index)
    assert (source.name, source.count, source.rate) == ("camera 0", None, 25.0)
    assert [int(frame[0, 0, 0]) for frame in source.frames] == [2, 1, 0]
    assert cameras[0].released


def test_a_camera_that_is_not_there_is_named(capfd):
    with pytest.raises(InputError, match="camera 99 cannot be opened"):
        open_source("99")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile '{address}'\n"),
        ("direct", None),
    ],
)
def test_no_address_is_opened_nor_one_in_a_playlist(tmp_path, name, content, capfd):
    """pipelines/SCALE.md promises that `follow` opens files and cameras alone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/video.ts"
        if content:
            (tmp_path / name).write_text(content.format(address=address))
        with pytest.raises(InputError):
            open_source(tmp_path / name if content else address)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
