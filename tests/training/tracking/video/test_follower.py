"""Following a target through a video: rows and pictures for every frame, whatever happens on the way."""

from __future__ import annotations

import signal
import tempfile

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from tests.training.tracking.clips import read_back, write_images, write_video
from tests.training.tracking.scenes import moving_target
from training.tracking.baselines import StillTracker, TemplateTracker
from training.tracking.interface import CheckedTracker
from training.tracking.video import follower
from training.tracking.video.follower import follow
from training.tracking.video.source import Source, open_source
from training.tracking.video.writer import AnnotatedVideo, Film


@pytest.fixture
def scene():
    return moving_target(8)


def test_a_folder_is_followed_and_written_as_otb_text(scene, tmp_path):
    frames, boxes = scene
    folder = write_images(tmp_path / "in", frames)
    done = follow(open_source(folder), boxes[0], TemplateTracker(), text=tmp_path / "out" / "boxes.txt")
    np.testing.assert_array_equal(done.boxes, boxes)
    assert done.unread == 0
    written = np.loadtxt(tmp_path / "out" / "boxes.txt", delimiter=",")
    np.testing.assert_array_equal(written, boxes + np.array([1, 1, 0, 0]))


def test_a_video_file_gives_a_row_and_a_picture_per_frame(scene, tmp_path):
    frames, boxes = scene
    path = write_video(tmp_path / "in.avi", frames)
    done = follow(open_source(path), boxes[0], TemplateTracker(), video=tmp_path / "out.mp4")
    assert abs(done.boxes - boxes).max() <= 1
    pictures, code, rate = read_back(tmp_path / "out.mp4")
    assert len(pictures) == len(frames)
    assert pictures[0].shape == frames[0].shape
    assert (code.lower(), rate) in {("avc1", 10.0), ("h264", 10.0)}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_one_frame_is_enough(scene, tmp_path):
    frames, boxes = scene
    image = write_images(tmp_path, frames[:1]) / "0000.png"
    done = follow(
        open_source(image), boxes[0], StillTracker(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4"
    )
    assert len(done.boxes) == 1
    assert len(read_back(tmp_path / "v.mp4")[0]) == 1


def test_a_16_bit_grey_folder_is_followed(scene, tmp_path):
    frames, boxes = scene
    deep = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257 for frame in frames]
    done = follow(open_source(write_images(tmp_path / "in", deep)), boxes[0], TemplateTracker())
    np.testing.assert_array_equal(done.boxes, boxes)


def test_an_unreadable_frame_keeps_the_box_and_the_row(scene, tmp_path, caplog):
    frames, boxes = scene
    folder = write_images(tmp_path / "in", frames)
    (folder / "0003.png").write_bytes(b"broken")
    done = follow(open_source(folder), boxes[0], TemplateTracker(), video=tmp_path / "out.mp4")
    assert done.unread == 1
    np.testing.assert_array_equal(done.boxes[3], done.boxes[2])
    np.testing.assert_array_equal(done.boxes[4:], boxes[4:])
    assert "frame 4 cannot be read" in caplog.text
    assert len(read_back(tmp_path / "out.mp4")[0]) == len(frames)


def test_a_frame_of_another_size_is_resized(scene, tmp_path, caplog):
    frames, boxes = scene
    frames[4] = cv2.resize(frames[4], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    done = follow(
        Source("clip", iter(frames), 8, 25.0), boxes[0], TemplateTracker(), video=tmp_path / "out.mp4"
    )
    assert abs(done.boxes - boxes).max() <= 1
    assert "frame 5 is 480 x 360, resized" in caplog.text


class Unlucky(CheckedTracker):
    """Raises once, answers NaN once, flies far away once."""

    def _start(self, frame, box):
        self._count = 0

    def _locate(self, frame):
        self._count += 1
        if self._count == 2:
            raise RuntimeError("no")
        if self._count == 3:
            return np.full(4, np.nan)
        return self._box + (np.array([1e9, -1e9, 0, 0]) if self._count == 4 else 0)


def test_nothing_a_tracker_does_ends_the_video(scene, tmp_path, caplog):
    frames, boxes = scene
    source = Source("clip", iter(frames), 8, 25.0)
    done = follow(source, boxes[0], Unlucky(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4")
    assert done.boxes.shape == (8, 4)
    assert np.isfinite(done.boxes).all()
    assert "frame 3: the tracker failed (RuntimeError: no)" in caplog.text


def test_ctrl_c_keeps_what_was_done(scene, tmp_path, caplog):
    frames, boxes = scene

    def interrupted():
        yield from frames[:5]
        raise KeyboardInterrupt

    source = Source("camera 0", interrupted(), None, 25.0)
    done = follow(source, boxes[0], StillTracker(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4")
    assert len(done.boxes) == len((tmp_path / "b.txt").read_text().splitlines()) == 5
    assert len(read_back(tmp_path / "v.mp4")[0]) == 5
    assert "stopped after 5 frames" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_frame_is_tracked_leaves_a_picture_for_every_box(scene, tmp_path, number):
    frames, boxes = scene

    class Signalled(StillTracker):
        def _locate(self, frame):
            if frame is frames[3]:
                signal.raise_signal(number)
            return super()._locate(frame)

    before = signal.getsignal(number)
    source = Source("clip", iter(frames), len(frames), 25.0)
    done = follow(source, boxes[0], Signalled(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4")
    assert len(done.boxes) == len((tmp_path / "b.txt").read_text().splitlines()) == 4
    assert len(read_back(tmp_path / "v.mp4")[0]) == 4
    assert signal.getsignal(number) is before


def test_a_terminal_that_closes_sends_its_signal_twice(scene, tmp_path):
    """The second one comes while the files are written."""
    frames, boxes = scene

    class Signalled(StillTracker):
        def _locate(self, frame):
            if frame is frames[3]:
                signal.raise_signal(signal.SIGHUP)
            return super()._locate(frame)

    class Slow(Film):
        def close(self):
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
            super().close()

    source = Source("clip", iter(frames), len(frames), 25.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(follower, "Film", Slow)
        follow(source, boxes[0], Signalled(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4")
    assert len((tmp_path / "b.txt").read_text().splitlines()) == 4
    assert len(read_back(tmp_path / "v.mp4")[0]) == 4


def test_a_signal_that_is_ignored_stays_ignored(scene):
    """As `nohup` asks."""
    frames, boxes = scene

    def with_signal():
        yield from frames[:3]
        signal.raise_signal(signal.SIGHUP)
        yield from frames[3:]

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        done = follow(Source("clip", with_signal(), 8, 25.0), boxes[0], StillTracker())
    finally:
        signal.signal(signal.SIGHUP, before)
    assert len(done.boxes) == 8


def test_a_video_that_cannot_be_finished_costs_no_box(scene, tmp_path, monkeypatch, caplog):
    frames, boxes = scene
    pictures, encode = [], AnnotatedVideo._encode

    def full(video, picture):
        pictures.append(picture)
        if len(pictures) == 3:
            raise OSError(28, "No space left on device")
        encode(video, picture)

    monkeypatch.setattr(AnnotatedVideo, "_encode", full)
    source = Source("clip", iter(frames), 8, 25.0)
    with pytest.raises(InputError, match=r"No space left on device; the boxes of 8 frames are in .*b\.txt"):
        follow(source, boxes[0], StillTracker(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4")
    assert len((tmp_path / "b.txt").read_text().splitlines()) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]
    assert "the boxes go on without a video" in caplog.text
    source = Source("clip", iter(frames), 8, 25.0)
    pictures.clear()
    with pytest.raises(InputError, match="No space left on device"):
        follow(source, boxes[0], StillTracker(), video=tmp_path / "v.mp4")
    assert len(pictures) == 3  # with nothing else to write, nothing goes on


def test_boxes_that_cannot_be_written_cost_no_video_and_are_kept_elsewhere(scene, tmp_path, monkeypatch):
    frames, boxes = scene
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    target = tmp_path / "out" / "b.txt"

    def moved():
        yield from frames
        target.parent.rmdir()
        target.parent.write_text("no folder any more")

    source = Source("clip", moved(), 8, 25.0)
    with pytest.raises(InputError, match="it is kept as") as caught:
        follow(source, boxes[0], StillTracker(), text=target, video=tmp_path / "v.mp4")
    [kept] = (tmp_path / "tmp").iterdir()
    assert str(kept) in str(caught.value)
    assert len(kept.read_text().splitlines()) == 8
    assert len(read_back(tmp_path / "v.mp4")[0]) == 8


def test_whatever_the_source_does_the_frames_so_far_are_written(scene, tmp_path):
    frames, boxes = scene

    def unplugged():
        yield from frames[:5]
        raise OSError("unplugged")

    source = Source("camera 0", unplugged(), None, 25.0)
    with pytest.raises(OSError, match="unplugged"):
        follow(source, boxes[0], StillTracker(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4")
    assert len((tmp_path / "b.txt").read_text().splitlines()) == 5
    assert len(read_back(tmp_path / "v.mp4")[0]) == 5


def test_a_link_stays_and_what_it_leads_to_is_written(scene, tmp_path):
    frames, boxes = scene
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    follow(Source("clip", iter(frames), 8, 25.0), boxes[0], StillTracker(), text=tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert len((tmp_path / "b.txt").read_text().splitlines()) == 8


@pytest.mark.parametrize(("exact", "warned"), [(True, True), (False, False)])
def test_a_count_that_was_guessed_is_not_missed(scene, caplog, exact, warned):
    frames, boxes = scene
    follow(Source("clip", iter(frames), 9, 25.0, exact=exact), boxes[0], StillTracker())
    assert ("8 of 9 frames were read" in caplog.text) == warned


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        ([239.5, 0, 5, 5], "box 239.5,0,5,5 has 0.5 x 5 pixels in the frame"),
        ([10, 10, 1e-9, 5], "less than 1 x 1"),
        ([-9, -9.3, 9.5, 9.9], "less than 1 x 1"),
        ([0, 0, 1e9, 1e9], "over 4 times the sides of the frame"),
        ([0, 0, 1000, 5], "over 4 times the sides of the frame"),
        ([0, 0, 0, 5], "no area"),
        ([np.nan, 0, 5, 5], "not finite"),
        ([500, 0, 5, 5], "wholly outside"),
        ([1, 2, 3], "four numbers"),
    ],
)
def test_a_box_that_is_no_target_is_refused_before_anything_is_written(scene, tmp_path, box, problem):
    source = Source("clip", iter(scene[0]), 8, 25.0)
    with pytest.raises(InputError, match=problem):
        follow(
            source, np.array(box, float), StillTracker(), text=tmp_path / "b.txt", video=tmp_path / "v.mp4"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("box", [[-20, 40, 40, 32], [220, 160, 60, 60], [-50, -50, 400, 400]])
def test_a_box_half_outside_is_followed(scene, box):
    frames, _ = scene
    done = follow(Source("clip", iter(frames), 8, 25.0), np.array(box, float), TemplateTracker())
    assert np.isfinite(done.boxes).all()
    assert (done.boxes[:, 2:] > 0).all()


def test_a_folder_whose_first_image_is_broken_says_so(tmp_path):
    (tmp_path / "0.png").write_bytes(b"broken")
    with pytest.raises(InputError, match="the first frame cannot be read"):
        follow(open_source(tmp_path), np.array([0.0, 0, 5, 5]), StillTracker())
