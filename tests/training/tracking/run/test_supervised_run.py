from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.benchmark.builders import boxes, still, vot_sequence
from training.benchmark.overlap.regions import corners
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import Trajectory
from training.tracking.run.supervised_run import SupervisedRun, agree, failed, run_supervised


class Scripted:
    """Answers by frame number: a box, or the truth; a frame is a 1 x 1 image of its own number."""

    def __init__(
        self, answers: dict[int, list[float]], *, deterministic: bool = True, jitter: float = 0
    ) -> None:
        self.answers, self.deterministic, self.jitter = answers, deterministic, jitter
        self.started: list[tuple[int, list[float]]] = []
        self.seen: list[int] = []
        self.random = np.random.default_rng(0)

    def init(self, frame: np.ndarray, box: np.ndarray) -> None:
        self.started.append((int(frame[0, 0, 0]), box.tolist()))

    def update(self, frame: np.ndarray) -> np.ndarray:
        number = int(frame[0, 0, 0])
        self.seen.append(number)
        box = np.array(self.answers.get(number, [10, 10, 20, 20]), dtype=np.float64)
        return box + self.jitter * self.random.uniform(-1, 1, len(box))


AWAY = [60.0, 60, 20, 20]


def filmed(frames: int, truth: np.ndarray | None = None) -> Sequence:
    truth = still(frames) if truth is None else truth
    paths = tuple(Path(f"{number:08d}.jpg") for number in range(frames))
    return replace(vot_sequence("s", truth), frames=paths)


def read(path: Path) -> np.ndarray:
    return np.full((1, 1, 3), int(path.stem), dtype=np.uint8)


def codes(run: SupervisedRun) -> list[list[int]]:
    return [trajectory.codes.tolist() for trajectory in run.trajectories]


def test_restarts_five_frames_after_a_failure() -> None:
    tracker = Scripted({3: AWAY})
    run = run_supervised(tracker, filmed(12), read=read)
    assert codes(run) == [[1, 3, 3, 2, 0, 0, 0, 0, 1, 3, 3, 3]]
    assert [frame for frame, _ in tracker.started] == [0, 8]
    assert tracker.seen == [1, 2, 3, 9, 10, 11]
    assert run.trajectories[0].regions[1].tolist() == [10, 10, 20, 20]
    seconds = run.seconds[0]
    assert (seconds[[0, 1, 2, 3, 8]] > 0).all()
    assert seconds[4:8].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (6, [1, 3, 3, 3, 3, 3, 2, 0, 0, 0, 0, 1]),  # the restart is the last frame
        (7, [1, 3, 3, 3, 3, 3, 3, 2, 0, 0, 0, 0]),  # there is no frame left to restart on
        (11, [1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2]),
    ],
)
def test_failures_near_the_end(failure: int, expected: list[int]) -> None:
    assert codes(run_supervised(Scripted({failure: AWAY}), filmed(12), read=read)) == [expected]


def test_a_sequence_of_one_frame() -> None:
    assert codes(run_supervised(Scripted({}), filmed(1), read=read)) == [[1]]


def test_fails_again_right_after_the_restart() -> None:
    tracker = Scripted({1: AWAY, 7: AWAY})
    assert codes(run_supervised(tracker, filmed(13), read=read)) == [[1, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1]]


def test_a_deterministic_tracker_runs_once() -> None:
    assert len(run_supervised(Scripted({}), filmed(5), read=read).trajectories) == 1


def test_three_equal_runs_show_a_deterministic_tracker() -> None:
    same = Scripted({3: AWAY}, deterministic=False)
    assert len(run_supervised(same, filmed(12), read=read).trajectories) == 3
    trembling = Scripted({3: AWAY}, deterministic=False, jitter=2)
    run = run_supervised(trembling, filmed(12), read=read)
    assert len(run.trajectories) == len(run.seconds) == 15
    assert len(run_supervised(trembling, filmed(12), 4, read=read).trajectories) == 4


def test_when_runs_agree() -> None:
    def one(*rows: list[float]) -> Trajectory:
        return Trajectory.from_rows([[1.0], *rows])

    box = [10.0, 10, 40, 40]
    near = [10.0, 10, 40.2, 40]  # the same pixels
    assert agree([one(box), one(near), one(box)], (100, 100))
    assert not agree([one(box), one([11.0, 10, 40, 40])], (100, 100))
    assert not agree([one(box), one([2.0])], (100, 100))
    assert agree([one(), one()], (100, 100))


@pytest.mark.parametrize(
    ("conversion", "expected"),
    [("minmax", [10, 10, 20, 20]), ("area", [9.5, 9.5, 21, 21]), ("area_floor", [9.5, 9.5, 21, 21])],
)
def test_the_polygon_becomes_a_box_to_start_on(conversion: str, expected: list[float]) -> None:
    tracker = Scripted({})
    run_supervised(tracker, filmed(3, corners(still(3))), read=read, conversion=conversion)
    assert tracker.started[0][1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ([10, 10, 20, 20], False),
        ([28, 28, 5, 5], False),  # four pixels are shared
        ([29, 28, 5, 5], True),  # one column of pixels is not enough for the boxes around them
        ([2, 10, 9, 20], True),  # corners at x and x + w - 1
        ([-50, -50, 20, 20], True),
        ([15, 15, 0, 0], True),  # nothing overlaps with nothing
    ],
)
def test_what_a_failure_is(region: list[float], expected: bool) -> None:
    assert (
        failed(np.array(region, dtype=np.float64), corners(boxes([10, 10, 19, 19]))[0], (100, 100))
        is expected
    )


def test_the_overlap_outside_the_frame_does_not_save_a_tracker() -> None:
    truth = corners(boxes([-20, 10, 25, 19]))[0]  # five columns of it are inside
    assert failed(np.array([-20.0, 10, 15, 20]), truth, (100, 100))
    assert not failed(np.array([0.0, 10, 5, 20]), truth, (100, 100))


@pytest.mark.parametrize("answer", [[1, 2, 3], [np.nan, 0, 5, 5], [np.inf, 0, 5, 5]])
def test_bad_answers_are_named(answer: list[float]) -> None:
    with pytest.raises(InputError, match=r"it on s failed in frame 3 of 5 \(00000002.jpg\): it answered"):
        run_supervised(Scripted({2: answer}), filmed(5), who="it on s", read=read)


def test_needs_images() -> None:
    with pytest.raises(InputError, match=r"s was loaded without images"):
        run_supervised(Scripted({}), vot_sequence("s", still(3)), read=read)
