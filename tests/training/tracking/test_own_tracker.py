"""A tracker of one's own: made from the place of its code, with its arguments, and held to the interface."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from curation.errors import InputError
from tests.waiting import HUNG
from training.tracking.contenders import contenders
from training.tracking.own_tracker import OwnTracker
from training.tracking.run.benchmark_run import Contender
from training.tracking.track_config import TrackConfig

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
    [
        "siam",
        {"still": {}},
        {"a:B": {}, "c:D": {}},
        "none.py:Class",
        "a:still",
        {"a:B": {}, "as": "../up"},
        {"a:B": {}, "as": "online"},
        {"a:B": [1]},
        {"a:B": {}, "seconds": 0},
        {"as": "x"},
        "trax:",
    ],
)
def test_other_choices_are_refused(choice: object) -> None:
    with pytest.raises(ValidationError, match="Value error"):
        TrackConfig(trackers=(choice,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def Drift(**_): raise KeyError('x')", "cannot make the tracker"),
        ("class Drift:\n    def init(self, frame, box): ...", "is not a tracker"),
        ("Drift = 3", "cannot make the tracker"),
    ],
)
def test_code_that_makes_no_tracker_is_one_line_before_any_work(
    code: str, words: str, file: Path, tmp_path: Path
) -> None:
    file.write_text(code)
    with pytest.raises(InputError, match=words):
        made(tmp_path, f"{file}:Drift")


def test_two_forms_of_one_class_stand_beside_each_other(file: Path, tmp_path: Path) -> None:
    fast = {f"{file}:Drift": {"step": 9.0}, "as": "Drift-fast", "seconds": 2}
    one, two = made(tmp_path, f"{file}:Drift", fast)
    assert (one.name, two.name) == ("Drift", "Drift-fast")
    assert one.identity != two.identity
    [patient] = made(tmp_path, {**fast, "seconds": 60, "as": "other"})
    assert patient.identity == two.identity  # neither its name nor our patience decides a box


def test_an_edited_file_is_another_module_even_of_the_same_size_and_second(file: Path) -> None:
    for step in ("1", "2"):
        file.write_text(CODE.replace("step=1.0", f"step={step}.0"))
        os.utime(file, (0, 0))
        tracker = OwnTracker(f"{file}:Drift", {})
        tracker.init(FRAME, BOX)
        assert tracker.update(FRAME)[0] == 10 + float(step)


def test_what_lies_beside_the_file_is_found(file: Path) -> None:
    (file.parent / "beside_mine.py").write_text("STEP = 7.0\n")
    file.write_text(
        CODE.replace("class Drift", "from beside_mine import STEP\nclass Drift").replace("1.0", "STEP")
    )
    tracker = OwnTracker(f"{file}:Drift", {})
    tracker.init(FRAME, BOX)
    assert tracker.update(FRAME)[0] == 17


def test_a_file_that_is_edited_before_a_worker_loads_it_is_refused(file: Path, tmp_path: Path) -> None:
    [contender] = made(tmp_path, f"{file}:Drift")
    file.write_text(f"{CODE}# edited\n")
    with pytest.raises(InputError, match="changed meanwhile"):
        contender.make()


NAUGHTY = """
import os, sys, time

class Base:
    def init(self, frame, box):
        self.box = box

class Slow(Base):
    def update(self, frame):
        while True:
            try:
                time.sleep(60)
            except ValueError:
                pass

class Ends(Base):
    def update(self, frame):
        sys.exit(0)

class Forks(Base):
    def update(self, frame):
        os.fork()
        return self.box

class Talks(Base):
    def update(self, frame):
        print("hello")
        return tuple(self.box)
"""


@pytest.mark.parametrize(
    ("name", "seconds", "words"),
    [("Slow", 2.0, r"took more than 2 s. .*`seconds`"), ("Ends", HUNG, "ended the program")],
)
def test_what_blocks_or_exits_is_one_line(name: str, seconds: float, words: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(NAUGHTY)
    tracker = OwnTracker(f"{tmp_path}/bad.py:{name}", {}, seconds=seconds)
    tracker.init(FRAME, BOX)
    with pytest.raises(InputError, match=words):
        tracker.update(FRAME)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_fork_does_our_work_once(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(NAUGHTY)
    code = (
        "import numpy as np; from training.tracking.own_tracker import OwnTracker\n"
        f"tracker = OwnTracker({f'{tmp_path}/bad.py:Forks'!r}, {{}}); frame = np.zeros((60, 80, 3), np.uint8)\n"
        "tracker.init(frame, np.array([10.0, 10, 20, 20])); tracker.update(frame); print('once', flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["once"]


@pytest.mark.parametrize("answer", [(1, 2, 3), None, "box", [[1, 2, 3, 4]], (float("inf"), 1, 2, 3)])
def test_an_answer_that_is_no_box_is_named(answer: object, file: Path) -> None:
    odd = f"class Odd(Drift):\n    def update(self, frame):\n        return {answer!r}\n"
    file.write_text(f"{CODE}\ninf = float('inf')\n{odd}")
    tracker = OwnTracker(f"{file}:Odd", {})
    tracker.init(FRAME, BOX)
    with pytest.raises(InputError, match=r"mine\.py:Odd answered .* Return x, y, w, h"):
        tracker.update(FRAME)
