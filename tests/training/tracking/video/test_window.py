"""Windows, where there is a display; and how it is known that there is none."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from curation.errors import InputError
from training.tracking.video import window as module
from training.tracking.video.window import ask_box, has_display

FRAME = np.zeros((20, 30, 3), np.uint8)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named so on Linux")
def test_no_display_and_one_that_is_not_there_are_told_apart_from_none(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(subprocess, "run", None)  # without a name nothing is tried
    assert not has_display()


def test_a_display_that_does_not_answer_is_none(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    assert not has_display()  # Qt ends the process that tries it


def test_a_box_is_drawn_or_it_is_said_that_none_was(monkeypatch):
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    monkeypatch.setattr(cv2, "selectROI", lambda *_, **__: (3, 4, 5, 6))
    np.testing.assert_array_equal(ask_box(FRAME, "clip"), [3, 4, 5, 6])
    monkeypatch.setattr(cv2, "selectROI", lambda *_, **__: (0, 0, 0, 0))
    with pytest.raises(InputError, match="no box was drawn"):
        ask_box(FRAME, "clip")


def test_a_frame_larger_than_a_screen_is_shown_smaller_and_the_box_is_its_own(monkeypatch):
    seen = []
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    monkeypatch.setattr(
        cv2, "selectROI", lambda _, frame, **__: (seen.append(frame.shape), (100, 50, 20, 10))[1]
    )
    box = ask_box(np.zeros((1700, 3200, 3), np.uint8), "clip")
    assert seen == [(850, 1600, 3)]
    np.testing.assert_array_equal(box, [200, 100, 40, 20])


@pytest.mark.parametrize(
    ("key", "visible", "ends"), [(-1, 1.0, False), (ord("q"), 1.0, True), (27, 1.0, True), (-1, 0.0, True)]
)
def test_q_escape_and_closing_end_it(monkeypatch, key, visible, ends):
    for name, answer in (
        ("namedWindow", None),
        ("imshow", None),
        ("destroyAllWindows", None),
        ("waitKey", key),
        ("getWindowProperty", visible),
    ):
        monkeypatch.setattr(cv2, name, lambda *_, answer=answer: answer)
    with module.window("clip") as shown:
        if not ends:
            shown.show(FRAME)
            return
        with pytest.raises(KeyboardInterrupt):
            shown.show(FRAME)
