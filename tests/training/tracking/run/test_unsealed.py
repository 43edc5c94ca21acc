"""Results of before they were sealed: which are believed, and which are tracked again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import cv2
import numpy as np
import orjson
import pytest

from tests.training.tracking.scenes import moving_target
from training.benchmark.sequences.sequence import Sequence
from training.tracking.baselines import StillTracker
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.run.experiments import Experiment, perform
from training.tracking.run.unsealed import believable

FRAMES = 24
UNSEALED: tuple[Experiment, ...] = ("ope", "vot", "tre", "sre")
"""The experiments that there were before results were sealed."""


class Loses(CheckedTracker):
    """Jumps away in every fourth answer."""

    def _start(self, frame: Frame, box: Box) -> None:
        self._first, self._count = box, 0

    def _locate(self, frame: Frame) -> Box:
        self._count += 1
        return self._first + np.array([100.0 * (self._count % 4 == 0), 0, 0, 0])


@pytest.fixture(scope="module")
def sequences(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sequence]:
    folder = tmp_path_factory.mktemp("frames")
    images, boxes = moving_target(FRAMES, velocity=(0.0, 0.0), start=(60.3, 50.1))
    paths = tuple(folder / f"{index:08d}.png" for index in range(FRAMES))
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image)
    x, y, w, h = boxes.T
    polygons = np.stack([x, y, x + w - 1, y, x + w - 1, y + h - 1, x, y + h - 1], axis=1)
    otb, vot = (
        Sequence("clip", paths, boxes + np.array([1, 1, 0, 0])),
        Sequence("clip", paths, polygons, base=0),
    )
    return {name: vot if name == "vot" else otb for name in UNSEALED}


@pytest.fixture(scope="module")
def results(sequences: dict[str, Sequence]) -> dict[str, bytes]:
    found = {}
    for name, sequence in sequences.items():
        tracker = Loses if name == "vot" else StillTracker
        found[name] = orjson.dumps(perform(name, tracker, sequence, who="it"))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("name", UNSEALED)
def test_what_a_run_gives_is_believed(
    name: Experiment, sequences: dict[str, Sequence], results: dict[str, bytes]
) -> None:
    assert believable(orjson.loads(results[name]), name, sequences[name])


def test_other_experiments_are_not(sequences: dict[str, Sequence], results: dict[str, bytes]) -> None:
    for later in set(get_args(Experiment)) - set(UNSEALED):
        assert not believable(orjson.loads(results["ope"]), later, sequences["ope"])
    for name in UNSEALED:
        for other in set(UNSEALED) - {name, "ope"}:
            assert not believable(orjson.loads(results[name]), other, sequences[other]), (name, other)


@pytest.mark.parametrize("result", [None, [], {}, "x", 5, [{}], {"boxes": [[1, 2, 3, 4]], "seconds": [0.1]}])
def test_other_values_are_not(result: object, sequences: dict[str, Sequence]) -> None:
    for name in UNSEALED:
        assert not believable(result, name, sequences[name])


BOXES = {
    "a row too few": lambda boxes: boxes.pop(),
    "a row too many": lambda boxes: boxes.append(boxes[-1]),
    "another first box": lambda boxes: boxes[0].__setitem__(0, math.nextafter(boxes[0][0], 0)),
    "null, as NaN is written": lambda boxes: boxes[5].__setitem__(0, None),
    "infinite": lambda boxes: boxes[5].__setitem__(0, math.inf),
    "text": lambda boxes: boxes[5].__setitem__(0, "1"),
    "a truth value": lambda boxes: boxes[5].__setitem__(0, True),
    "three numbers": lambda boxes: boxes[5].pop(),
    "five numbers": lambda boxes: boxes[5].append(1.0),
    "a number for a row": lambda boxes: boxes.__setitem__(5, 1.0),
    "too large for a float": lambda boxes: boxes[5].__setitem__(0, 10**400),
}


@pytest.mark.parametrize("change", BOXES)
def test_other_boxes_are_not(change: str, sequences: dict[str, Sequence], results: dict[str, bytes]) -> None:
    found: dict[Experiment, Callable[[dict[str, Any]], list[Any]]] = {
        "ope": lambda result: result["boxes"],
        "vot": lambda result: result["boxes"],
        "tre": lambda result: result["starts"][1],
        "sre": lambda result: result["starts"]["scale_9"],
    }
    for name, boxes in found.items():
        result = orjson.loads(results[name])
        BOXES[change](boxes(result))
        assert not believable(result, name, sequences[name]), name


@pytest.mark.parametrize(
    "change",
    [
        lambda seconds: seconds.pop(),
        lambda seconds: seconds.append(0.1),
        lambda seconds: seconds.__setitem__(3, -0.1),
        lambda seconds: seconds.__setitem__(3, None),
        lambda seconds: seconds.__setitem__(3, [0.1]),
    ],
)
def test_other_times_are_not(
    change: Callable[[list[Any]], object], sequences: dict[str, Sequence], results: dict[str, bytes]
) -> None:
    for name in UNSEALED:
        result = orjson.loads(results[name])
        change(result["seconds"])
        assert not believable(result, name, sequences[name]), name


@pytest.mark.parametrize(
    "change",
    [
        lambda result: result.update(runs=[]),
        lambda result: result.pop("runs"),
        lambda result: result["runs"][0].pop(),
        lambda result: result["runs"][0].__setitem__(0, [0]),
        lambda result: result["runs"][0].__setitem__(1, [1]),
        lambda result: result["runs"][0].__setitem__(1, [2]),
        lambda result: result["runs"][0].__setitem__(4, [1.0, 2.0, 3.0, 4.0]),  # misses, so it was a failure
        lambda result: result["runs"][0].__setitem__(5, result["runs"][0][1]),  # not run: after a failure
        lambda result: result["runs"][0].__setitem__(1, [7]),
        lambda result: result["runs"][0].__setitem__(1, [1.0, 2.0]),
        lambda result: result["runs"][0].__setitem__(1, []),
    ],
)
def test_other_supervised_runs_are_not(
    change: Callable[[dict[str, Any]], object], sequences: dict[str, Sequence], results: dict[str, bytes]
) -> None:
    result = orjson.loads(results["vot"])
    assert result["runs"][0][4] == [2]
    assert result["runs"][0][9] == [1]
    change(result)
    assert not believable(result, "vot", sequences["vot"])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tre", lambda starts: starts.pop()),
        ("tre", lambda starts: starts.reverse()),
        ("sre", lambda starts: starts.pop("left")),
        ("sre", lambda starts: starts.update(more=starts["left"])),
        ("sre", lambda starts: starts.update(left=starts["right"])),
    ],
)
def test_other_starts_are_not(
    name: Experiment,
    change: Callable[[Any], object],
    sequences: dict[str, Sequence],
    results: dict[str, bytes],
) -> None:
    result = orjson.loads(results[name])
    change(result["starts"])
    assert not believable(result, name, sequences[name])
