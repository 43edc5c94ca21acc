"""A tracker of one's own: made from the place of its code, with its arguments, and held to the interface."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from curation.errors import InputError
from training.tracking.contenders import TrackConfig, contenders
from training.tracking.own_tracker import OwnTracker
from training.tracking.run.benchmark_run import Contender

FRAME = np.zeros((60, 80, 3), np.uint8)
BOX = np.array([10.0, 10.0, 20.0, 20.0])

CODE = """
class Drift:
    deterministic = True

    def __init__(self, step=1.0):
        self.step = step

    def init(self, frame, box):
        self.box = list(box)

    def update(self, frame):
        self.box[0] += self.step
        return self.box
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    return path


def made(tmp_path: Path, *trackers: object) -> list[Contender]:
    return contenders(TrackConfig(trackers=trackers), weights=tmp_path / "none")  # type: ignore[arg-type]


def test_it_is_made_with_its_arguments_in_another_process(file: Path, tmp_path: Path) -> None:
    [contender] = made(tmp_path, {f"{file}:Drift": {"step": 2.5}})
    assert contender.name == "Drift"
    tracker = pickle.loads(pickle.dumps(contender)).make()
    assert tracker.deterministic
    tracker.init(FRAME, BOX)
    np.testing.assert_array_equal(tracker.update(FRAME), [12.5, 10, 20, 20])
    np.testing.assert_array_equal(tracker.update(FRAME), [15, 10, 20, 20])


def test_its_file_and_arguments_decide_its_identity(file: Path, tmp_path: Path) -> None:
    plain, other = made(tmp_path, f"{file}:Drift", "still")
    [changed] = made(tmp_path, {f"{file}:Drift": {"step": 2.0}})
    file.write_text(f"{CODE}# edited\n")
    edited, same = made(tmp_path, f"{file}:Drift", "still")
    assert len({plain.identity, changed.identity, edited.identity}) == 3
    assert same.identity == other.identity


@pytest.mark.parametrize(
    "choice",
    ["siam", {"still": {}}, {"a:B": {}, "c:D": {}}, "none.py:Class"],
    ids=["name", "ours", "two", "file"],
)
def test_other_choices_are_refused(choice: object) -> None:
    with pytest.raises(ValidationError):
        TrackConfig(trackers=(choice,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def Drift(**_): raise KeyError('x')", "cannot make the tracker"),
        ("class Drift:\n    def init(self, frame, box): ...", "is no tracker"),
        ("Drift = 3", "cannot make the tracker"),
    ],
)
def test_code_that_makes_no_tracker_is_one_line_before_any_work(
    code: str, words: str, file: Path, tmp_path: Path
) -> None:
    file.write_text(code)
    with pytest.raises(InputError, match=words):
        made(tmp_path, f"{file}:Drift")


@pytest.mark.parametrize("answer", [(1, 2, 3), None, "box", [[1, 2, 3, 4]]])
def test_an_answer_that_is_no_box_is_named(answer: object, file: Path) -> None:
    file.write_text(CODE + f"\nclass Odd(Drift):\n    def update(self, frame):\n        return {answer!r}\n")
    tracker = OwnTracker(f"{file}:Odd", {})
    tracker.init(FRAME, BOX)
    with pytest.raises(InputError, match=r"mine\.py:Odd answered .* must answer x, y, w, h"):
        tracker.update(FRAME)
