"""The annotated MP4: what is drawn, and that browsers can play it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.tracking.clips import read_back
from tests.training.tracking.scenes import moving_target
from training.tracking.baselines import StillTracker
from training.tracking.video.follower import follow
from training.tracking.video.source import Source


@pytest.fixture
def scene():
    return moving_target(8)


def test_the_box_is_drawn_where_the_target_is(tmp_path):
    frames = [np.full((120, 160, 3), 30, np.uint8)] * 3
    source = Source("clip", iter(frames), 3, 25.0)
    follow(source, np.array([40.0, 50, 60, 40]), StillTracker(), video=tmp_path / "out.mp4")
    picture = read_back(tmp_path / "out.mp4")[0][1].astype(int)
    green = (picture[..., 1] > 120) & (picture[..., 0] < 150) & (picture[..., 2] < 150)
    rows, columns = np.nonzero(green[30:])  # below the frame's number
    assert abs(columns.min() - 40) <= 1
    assert abs(columns.max() - 99) <= 1
    assert abs(rows.min() + 30 - 50) <= 1
    assert abs(rows.max() + 30 - 89) <= 1


def test_the_index_of_the_mp4_is_in_front(scene, tmp_path):
    frames, boxes = scene
    source = Source("clip", iter(frames), None, 25.0)
    follow(source, boxes[0], StillTracker(), video=tmp_path / "out.mp4")
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("shape", [(121, 161), (17, 33)])
def test_odd_sizes_are_padded_to_even_ones(tmp_path, shape):
    frames = [np.full((*shape, 3), 90, np.uint8)] * 2
    source = Source("odd", iter(frames), 2, 29.97)
    follow(source, np.array([2.0, 2, 9, 9]), StillTracker(), video=tmp_path / "out.mp4")
    pictures, _, rate = read_back(tmp_path / "out.mp4")
    assert pictures[0].shape[:2] == (shape[0] + 1, shape[1] + 1)
    assert rate == pytest.approx(29.97, abs=0.01)


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


def test_a_response_larger_than_a_tiny_frame_is_cut(tmp_path):
    class Tall(StillTracker):
        def _locate(self, frame):
            self.response = np.ones((90, 2), np.float32)
            return super()._locate(frame)

    frames = [np.full((16, 24, 3), 90, np.uint8)] * 2
    source = Source("tiny", iter(frames), 2, 25.0)
    follow(source, np.array([2.0, 2, 9, 9]), Tall(), video=tmp_path / "out.mp4", responses=True)
    assert len(read_back(tmp_path / "out.mp4")[0]) == 2
