"""The state machine: what a tracker refuses, and that it never answers NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from training.tracking.baselines import StillTracker
from training.tracking.interface import Box, CheckedTracker, Frame, check_box

FRAME = np.zeros((60, 80, 3), np.uint8)
BOX = np.array([10.0, 10.0, 20.0, 20.0])


class Broken(CheckedTracker):
    """Answers what it is told to."""

    def __init__(self, answer: list[float]) -> None:
        self.answer = answer

    def _start(self, frame: Frame, box: Box) -> None:
        pass

    def _locate(self, frame: Frame) -> Box:
        return np.array(self.answer)


def test_update_before_init_is_refused():
    with pytest.raises(InputError, match=r"StillTracker\.update was called before init"):
        StillTracker().update(FRAME)


def test_a_refused_init_forgets_the_previous_target_only_if_it_got_as_far_as_starting():
    tracker = StillTracker()
    tracker.init(FRAME, BOX)
    with pytest.raises(InputError):
        tracker.init(FRAME, np.array([10.0, 10.0, 0.0, 20.0]))
    np.testing.assert_array_equal(tracker.update(FRAME), BOX)


@pytest.mark.parametrize(
    "frame",
    [FRAME[..., 0], FRAME.astype(np.float32), FRAME[:0], np.zeros((60, 80, 4), np.uint8), None, [[1, 2, 3]]],
    ids=["grey", "float", "empty", "alpha", "none", "list"],
)
def test_frames_of_another_kind_are_refused_by_both_methods(frame):
    tracker = StillTracker()
    with pytest.raises(InputError, match="frame"):
        tracker.init(frame, BOX)
    tracker.init(FRAME, BOX)
    with pytest.raises(InputError, match="frame"):
        tracker.update(frame)


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        ([1, 2, 3], "four numbers"),
        ([[1, 2, 3, 4]], "four numbers"),
        ([np.nan, 0, 5, 5], "not finite"),
        ([0, 0, np.inf, 5], "not finite"),
        ([0, 0, 0, 5], "no area"),
        ([0, 0, 5, -5], "no area"),
        ([80, 0, 5, 5], "wholly outside"),
        ([0, -5, 5, 5], "wholly outside"),
    ],
)
def test_bad_boxes_are_refused_by_name(box, problem):
    with pytest.raises(InputError, match=problem) as caught:
        StillTracker().init(FRAME, np.array(box, dtype=float))
    assert "x,y,w,h" in str(caught.value)


@given(st.tuples(*[st.floats(-200, 200)] * 2, *[st.floats(0.01, 300)] * 2))
def test_a_box_is_accepted_exactly_when_some_of_it_lies_inside(values):
    x, y, w, h = values
    inside = min(x + w, 80) > max(x, 0) and min(y + h, 60) > max(y, 0)
    try:
        accepted = check_box(np.array(values), width=80, height=60)
    except InputError:
        assert not inside
    else:
        assert inside
        np.testing.assert_array_equal(accepted, values)


@pytest.mark.parametrize("answer", [[np.nan, 0, 5, 5], [0, 0, np.inf, 5], [0, 0, 0, 5], [0, 0, 5, -1]])
def test_an_impossible_answer_becomes_the_previous_box(answer, caplog):
    tracker = Broken([12.0, 11.0, 20.0, 20.0])
    tracker.init(FRAME, BOX)
    previous = tracker.update(FRAME)
    tracker.answer = answer
    np.testing.assert_array_equal(tracker.update(FRAME), previous)
    assert "keeps the previous one" in caplog.text


def test_answers_and_arguments_are_not_shared_with_the_caller():
    tracker = StillTracker()
    box = BOX.copy()
    tracker.init(FRAME, box)
    box[:] = 0
    tracker.update(FRAME)[:] = 0
    np.testing.assert_array_equal(tracker.update(FRAME), BOX)


def test_the_response_is_that_of_the_last_update_alone():
    class Seer(StillTracker):
        def _locate(self, frame: Frame) -> Box:
            if frame.max() > 0:
                raise RuntimeError("no idea")
            self.response = np.ones((2, 2), np.float32)
            return super()._locate(frame)

    tracker = Seer()
    tracker.init(FRAME, BOX)
    assert tracker.response is None
    tracker.update(FRAME)
    assert tracker.response is not None
    with pytest.raises(RuntimeError):
        tracker.update(FRAME + 1)
    assert tracker.response is None
    tracker.update(FRAME)
    tracker.init(FRAME, BOX)
    assert tracker.response is None
