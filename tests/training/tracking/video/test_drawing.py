"""What is drawn into a frame: the box in the colour of how well the target is seen, the response, a grid."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.training.tracking.clips import read_back
from training.tracking.baselines import StillTracker
from training.tracking.video.drawing import COLOURS, draw, encoded_grid
from training.tracking.video.follower import follow
from training.tracking.video.source import Source


@pytest.mark.parametrize("sight", ["clear", "doubtful", "hidden", None])
def test_the_colour_says_how_well_the_target_is_seen(sight):
    frame = np.full((120, 160, 3), 30, np.uint8)
    drawn = draw(frame, np.array([40.0, 50, 60, 40]), 7, sight=sight)
    assert drawn[70, 40].tolist() == list(COLOURS[sight or "clear"])
    assert (frame == 30).all()
    words = (np.abs(drawn.astype(int) - 30).sum(axis=2) > 60)[:30].sum(axis=0).nonzero()[0].max()
    assert (words > 40) == (sight in ("doubtful", "hidden"))  # the word beside the number


def test_a_grid_has_its_lines_at_round_pixels():
    frame = np.full((300, 400, 3), 30, np.uint8)
    drawn = cv2.imdecode(np.frombuffer(encoded_grid(frame), np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == frame.shape
    changed = (drawn != frame).any(axis=2)
    assert changed[:, ::50].all()
    assert changed[::50].all()
    assert not changed[40:45, 60:95].any()


class Seer(StillTracker):
    """Stands still, and answers brightly in the lower left of a map of 2 x 4 cells."""

    def _locate(self, frame):
        self.response = np.array([[0.0, 0, 0, 0], [0.8, 0, 0, 0]], np.float32)
        return super()._locate(frame)


@pytest.mark.parametrize("responses", [True, False])
def test_a_response_is_drawn_into_the_upper_right_corner_when_asked_for(tmp_path, responses):
    frames = [np.full((100, 160, 3), 128, np.uint8)] * 2 + [None]
    source = Source("clip", iter(frames), 3, 25.0)
    follow(source, np.array([5.0, 50, 60, 40]), Seer(), video=tmp_path / "out.mp4", responses=responses)
    first, second, unread = (picture.astype(int) for picture in read_back(tmp_path / "out.mp4")[0])
    corner = np.s_[:15, -30:]  # 30 % of the shorter side, half as high as wide
    for picture in (first, unread):  # there is no response before the first update, and to no frame
        assert abs(picture[corner] - 128).max() < 20
    if not responses:
        assert abs(second[corner] - 128).max() < 20
        return
    assert second[2:6, -28:-2].max() < 60  # the upper row: dark
    assert second[10:14, -28:-25].max() > 150  # the lower left: bright
    assert second[10:14, -20:-2].max() < 60


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 1), (3, 3)])
def test_a_response_is_drawn_into_the_smallest_frames(shape):
    frame = np.zeros((*shape, 3), np.uint8)
    drawn = draw(frame, np.array([0.0, 0, 1, 1]), 2, response=np.ones((17, 17), np.float32))
    assert drawn.shape == frame.shape


def test_a_response_larger_than_a_tiny_frame_is_cut(tmp_path):
    class Tall(StillTracker):
        def _locate(self, frame):
            self.response = np.ones((90, 2), np.float32)
            return super()._locate(frame)

    frames = [np.full((16, 24, 3), 90, np.uint8)] * 2
    source = Source("tiny", iter(frames), 2, 25.0)
    follow(source, np.array([2.0, 2, 9, 9]), Tall(), video=tmp_path / "out.mp4", responses=True)
    assert len(read_back(tmp_path / "out.mp4")[0]) == 2
