"""One tracker over image files: boxes, times, and who failed where."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from curation.errors import InputError
from tests.training.tracking.scenes import moving_target
from training.device import one_torch_thread
from training.tracking.baselines import TemplateTracker
from training.tracking.interface import CheckedTracker
from training.tracking.run.sequence_run import read_frame, track_sequence


@pytest.fixture
def video(tmp_path):
    frames, boxes = moving_target(6)
    paths = []
    for index, frame in enumerate(frames):
        paths.append(tmp_path / f"{index:04d}.png")
        cv2.imwrite(str(paths[-1]), frame)
    return paths, boxes


class Failing(CheckedTracker):
    """Raises in its third frame."""

    def _start(self, frame, box):
        self._left = 2

    def _locate(self, frame):
        self._left -= 1
        if not self._left:
            raise ZeroDivisionError("no\nway")
        return self._box


def test_boxes_have_a_row_per_frame_and_the_first_is_the_given_one(video):
    paths, boxes = video
    track = track_sequence(TemplateTracker(), paths, boxes[0])
    np.testing.assert_array_equal(track.boxes, boxes)
    assert track.seconds.shape == (6,)
    assert (track.seconds > 0).all()


def test_a_failing_tracker_is_one_line_with_tracker_sequence_and_frame(video):
    paths, boxes = video
    with pytest.raises(InputError, match=r"failing on clip failed in frame 3 of 6 .*0002\.png") as caught:
        track_sequence(Failing(), paths, boxes[0], who="failing on clip")
    assert "ZeroDivisionError: no way" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("answer", [None, (1, 2, 3), [1, 2, np.nan, 4], "left", [[1, 2], [3]]])
def test_a_bad_answer_is_named(video, answer):
    paths, boxes = video
    tracker = SimpleNamespace(init=lambda frame, box: None, update=lambda frame: answer)
    with pytest.raises(InputError, match=r"it on clip failed in frame 2 of 6 .*0001\.png\): it answered"):
        track_sequence(tracker, paths, boxes[0], who="it on clip")


@pytest.mark.parametrize("content", [None, b"", b"not an image"], ids=["missing", "empty", "text"])
def test_an_unreadable_frame_is_named(video, content):
    paths, boxes = video
    paths[2].unlink()
    if content is not None:
        paths[2].write_bytes(content)
    with pytest.raises(InputError, match=r"0002\.png"):
        track_sequence(TemplateTracker(), paths, boxes[0])


def test_grey_images_are_read_as_three_channels(tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((8, 9), 77, np.uint8))
    frame = read_frame(tmp_path / "grey.png")
    assert frame.shape == (8, 9, 3)
    assert (frame == 77).all()


def test_one_torch_thread_is_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_torch_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
