"""The annotated MP4: what is drawn, and that browsers can play it."""

from __future__ import annotations

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.tracking.clips import read_back
from tests.training.tracking.scenes import moving_target
from training.tracking.baselines import StillTracker
from training.tracking.video.follower import follow
from training.tracking.video.source import Source
from training.tracking.video.writer import AnnotatedVideo, annotated


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


@pytest.mark.parametrize("failing", [2, 3], ids=["in the middle", "the last"])
def test_what_encoding_meets_ends_the_video_and_leaves_no_file(tmp_path, monkeypatch, failing):
    """A picture is encoded beside the caller; its error comes with the next picture, or at the end."""
    pictures, encode = [], AnnotatedVideo._encode

    def full(video, picture):
        pictures.append(picture)
        if len(pictures) == failing:
            raise OSError("no space")
        encode(video, picture)

    monkeypatch.setattr(AnnotatedVideo, "_encode", full)
    frame = np.zeros((64, 64, 3), np.uint8)

    def write():
        with annotated(tmp_path / "out.mp4", frame, 25.0) as video:
            for _ in range(3):
                video.add(frame)

    with pytest.raises(InputError, match="no space"):
        write()
    assert not list(tmp_path.iterdir())
