"""Frames from files, folders and images of any depth."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
import zlib
from functools import partial

import av
import cv2
import numpy as np
import pytest

from curation.errors import InputError
from tests.training.tracking.clips import write_images, write_video
from training.tracking.video.part import Part
from training.tracking.video.source import open_source


def test_images_are_ordered_by_number(tmp_path):
    frames = [np.full((20, 20, 3), value, np.uint8) for value in (10, 20, 30)]
    folder = write_images(tmp_path, frames, names=["f9", "f10", "f100"])
    assert [int(frame[0, 0, 0]) for frame in open_source(folder).frames] == [10, 20, 30]


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_turned_pictures_are_seen_as_a_viewer_shows_them(tmp_path, ending):
    """Boxes are read off in a viewer, which turns pictures as their EXIF orientation says."""
    upright = np.zeros((60, 40, 3), np.uint8)
    upright[:12, :20] = (40, 40, 240)
    stored = np.ascontiguousarray(
        np.rot90(upright)
    )  # the sensor's own: turned a quarter to the right, it is upright
    (tmp_path / f"1.{ending}").write_bytes(with_orientation(stored, ending, 6))
    [frame] = open_source(tmp_path).frames
    assert np.abs(frame.astype(int) - upright).mean() < 3


def with_orientation(image, ending, orientation):
    """A file with an EXIF orientation, as phones write it: OpenCV writes none."""
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x112, 3, 1, orientation, 0, 0)
    content = cv2.imencode(f".{ending}", image)[1].tobytes()
    if ending == "png":
        chunk = b"eXIf" + tiff
        chunk = struct.pack(">I", len(tiff)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return content[:33] + chunk + content[33:]
    segment = b"Exif\0\0" + tiff
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[2:]


def test_a_folder_whose_name_is_a_number_is_no_camera(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "001", [np.full((9, 9, 3), 7, np.uint8)])
    source = open_source("001")
    assert (source.count, source.stem) == (1, "001")


@pytest.mark.parametrize("pattern", ["f%d.png", "f%02d.png", "f*.png", "f?[0-9].png"])
def test_a_pattern_names_the_frames_and_the_folder_the_outputs(tmp_path, pattern):
    frames = [np.full((9, 9, 3), value, np.uint8) for value in (10, 20)]
    write_images(tmp_path / "walk", frames, names=["f09", "f10"])
    write_images(tmp_path / "walk", frames, names=["mask09", "mask10"])
    source = open_source(str(tmp_path / "walk" / pattern))
    assert [int(frame[0, 0, 0]) for frame in source.frames] == [10, 20]
    assert source.stem == "walk"


def test_images_named_one_by_one_are_ordered_by_number(tmp_path):
    frames = [np.full((9, 9, 3), value, np.uint8) for value in (10, 20, 30)]
    folder = write_images(tmp_path / "img", frames, names=["1", "2", "10"])
    source = open_source(sorted(str(file) for file in folder.iterdir()))  # as a shell gives them: 1, 10, 2
    assert [int(frame[0, 0, 0]) for frame in source.frames] == [10, 20, 30]
    assert source.stem == tmp_path.name
    with pytest.raises(InputError, match=r"2 videos were given, and b\.mp4 is not an image"):
        open_source(["a.mp4", "b.mp4"][::-1])


def test_images_of_several_folders_keep_the_order_in_which_the_folders_are_named(tmp_path):
    words = []
    for folder, values in (("z", (10, 20, 30)), ("a", (40, 50))):
        images = [np.full((9, 9, 3), value, np.uint8) for value in values]
        write_images(tmp_path / folder, images, names=["1", "2", "10"][: len(values)])
        words += sorted(str(file) for file in (tmp_path / folder).iterdir())
    source = open_source(words)
    assert [int(frame[0, 0, 0]) for frame in source.frames] == [10, 20, 30, 40, 50]
    assert [file.parent.name for file in source.files] == ["z"] * 3 + ["a"] * 2


def test_a_first_frame_that_cannot_be_read_has_a_cure_that_works(tmp_path):
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"1\.png has zero bytes\. Put a whole PNG or JPEG in its place"):
        next(open_source(tmp_path).frames)
    write_images(tmp_path, [np.full((9, 9, 3), 7, np.uint8)], names=["2"])
    with pytest.raises(InputError, match=r"Start later \(--start\), or put a whole PNG or JPEG in its place"):
        next(open_source(tmp_path).frames)
    assert next(open_source(tmp_path, Part("2")).frames) is not None
    cv2.imwrite(str(tmp_path / "1.png"), np.full((9, 9, 3), 7, np.uint8))
    assert next(open_source(tmp_path).frames) is not None


def test_the_pages_of_one_file_are_frames(tmp_path):
    frames = [np.full((9, 12), value, np.uint16) for value in (500, 1500, 2500)]
    assert cv2.imwritemulti(str(tmp_path / "stack.tif"), frames)
    source = open_source(tmp_path / "stack.tif", Part(levels=(0, 5100)))
    assert (source.count, source.stem) == (3, "stack")
    assert [int(frame[0, 0, 0]) for frame in source.frames] == [25, 75, 125]


def test_a_video_of_16_bits_of_grey_keeps_them(tmp_path):
    path = tmp_path / "deep.mkv"
    deep = [(np.arange(64 * 48).reshape(48, 64) + 600 + 10 * n).astype(np.uint16) for n in range(3)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray16le"
        for image in deep:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray16le")))
        container.mux(stream.encode())
    [first, *_] = open_source(path).frames
    assert len(np.unique(first)) > 150


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A video of 40 frames at 10 frames/s, frame n of brightness 5 n."""
    return write_video(
        tmp_path_factory.mktemp("clip") / "clip.avi",
        [np.full((48, 64, 3), 5 * n, np.uint8) for n in range(1, 41)],
    )


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("", "", 1, 40),
        ("5", "7", 5, 7),
        ("1.2s", "", 13, 40),
        ("0:02", "0:00:03.05", 21, 31),
        ("40", "99", 40, 40),
        ("40", "9" * 30, 40, 40),
        ("40", "9999999999s", 40, 40),
        ("", "0s", 1, 1),
    ],
)
@pytest.mark.parametrize("kind", ["video", "folder"])
def test_a_part_is_given_by_frames_or_times(clip, tmp_path, kind, start, end, first, last):
    path, rate = clip, 10
    if kind == "folder":
        path, rate = tmp_path, 25
        write_images(path, [np.full((8, 8, 3), 5 * n, np.uint8) for n in range(1, 41)])
        if "s" in start + end or ":" in start + end:
            pytest.skip("times of a folder are counted at 25 frames/s")
    source = open_source(path, Part(start, end))
    found = [round(int(frame[4, 4, 0]) / 5) for frame in source.frames]
    assert found == list(range(first, last + 1))
    assert (source.first, source.count, source.rate) == (first, last - first + 1, rate)


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        ("0", "", "--start 0 is neither a frame nor a time"),
        ("", "1:75x", "--end 1:75x is neither a frame nor a time"),
        ("9", "8", "--end 8 comes before --start 9"),
        ("-3", "", "--start -3 is neither a frame nor a time"),
        ("1:2s", "", "is neither a frame nor a time"),
        ("9999999999", "", "has 40 frames, none from 9999999999 on"),
        ("99999999s", "", r"ends after 4\.00 s"),
        ("99", "", "has 40 frames, none from 99 on"),
    ],
)
def test_parts_that_are_none(clip, start, end, problem):
    with pytest.raises(InputError, match=problem):
        open_source(clip, Part(start, end))


@pytest.fixture
def server(tmp_path):
    """An HTTP server on loopback that serves a folder."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        yield f"127.0.0.1:{listener.server_address[1]}"
        listener.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_an_address_is_played_and_its_password_is_not_said(clip, server, tmp_path):
    (tmp_path / "my clip.avi").write_bytes(clip.read_bytes())
    source = open_source(f"http://ann:secret@{server}/my%20clip.avi?x=1", Part(end="3"))
    assert source.name == f"http://{server}/my%20clip.avi?x=1"
    assert source.stem == "my_20clip"
    assert [round(int(frame[4, 4, 0]) / 5) for frame in source.frames] == [1, 2, 3]


def test_an_address_without_a_video_keeps_its_slashes(server, capfd):
    with pytest.raises(InputError, match=f"^http://{server}/none.mp4 cannot be opened as a video"):
        open_source(f"http://u:p@{server}/none.mp4")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.mp4", None, "does not exist"),
        ("text.mp4", b"no video", "cannot be opened as a video"),
        ("empty", "folder", "holds no images"),
        ("", None, "the name of the video is empty"),
    ],
)
def test_sources_that_are_none(tmp_path, name, content, problem, capfd):
    path = tmp_path / name if name else ""
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
        return {cv2.CAP_PROP_FRAME_COUNT: -1.0}.get(what, 0.0)

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


def test_a_live_camera_starts_later_too(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", StandInCamera)
    source = open_source("0", Part("0.08s", live=True))  # 25 frames/s: the third frame
    assert source.first == 3
    assert [int(frame[0, 0, 0]) for frame in source.frames] == [0]


def test_a_live_camera_gives_the_newest_frame_and_is_released(monkeypatch):
    cameras = []

    def opened(place):
        cameras.append(StandInCamera(place))
        return cameras[-1]

    monkeypatch.setattr(cv2, "VideoCapture", opened)
    found = [int(frame[0, 0, 0]) for frame in open_source("0", Part(live=True)).frames]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0
    assert cameras[0].released


def test_a_camera_that_is_not_there_is_named(capfd):
    with pytest.raises(InputError, match="camera 99 cannot be opened"):
        open_source("99")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile '{address}'\n"),
    ],
)
def test_no_address_in_a_playlist_is_opened(tmp_path, name, content, capfd):
    """pipelines/SCALE.md promises that `follow` opens what it is given alone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/video.ts"
        (tmp_path / name).write_text(content.format(address=address))
        with pytest.raises(InputError):
            open_source(tmp_path / name)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
