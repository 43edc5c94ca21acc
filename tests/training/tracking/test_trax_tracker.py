"""A program that speaks TraX as a tracker: our own server, and programs that are none."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from curation.errors import InputError
from tests.training.tracking.scenes import moving_target
from tests.waiting import HUNG
from training.tracking.baselines import TemplateTracker
from training.tracking.contenders import contenders
from training.tracking.run.benchmark_run import Contender
from training.tracking.track_config import TrackConfig
from training.tracking.trax_tracker import TraxTracker

pytest.importorskip("trax", reason="the package vot-trax is not installed: pip install -e '.[vot]'")

ROOT = Path(__file__).parents[3]
SERVER = """
import sys
from training.tracking.baselines import TemplateTracker
from training.tracking.trax_server import prints_aside, serve

print("a word to standard output is no harm", flush=True)
with prints_aside() as output:
    serve(TemplateTracker(), "template", output)
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    return file


def made(server: Path, **more: object) -> Contender:
    choice = {f"trax:{sys.executable} {server}": {}, **more}
    [contender] = contenders(TrackConfig(trackers=(choice,)), weights=server.parent / "none")
    return contender


def test_boxes_are_those_of_the_tracker_in_the_other_process(server: Path) -> None:
    frames, boxes = moving_target(6)
    here, there = TemplateTracker(), pickle.loads(pickle.dumps(made(server, seconds=120))).make()
    for _ in range(2):  # it is started anew
        here.init(frames[0], boxes[0])
        there.init(frames[0], boxes[0])
        for frame in frames[1:]:
            np.testing.assert_allclose(there.update(frame), here.update(frame), atol=0.01)


def test_its_files_decide_its_identity_and_its_name(server: Path) -> None:
    before = made(server)
    python = Path(sys.executable).stem
    assert before.name == python
    assert made(server, **{"as": "other"}).identity == before.identity
    server.write_text(f"{SERVER}# edited\n")
    assert made(server).identity != before.identity


@pytest.mark.parametrize(
    ("command", "seconds", "words"),
    [
        ("no-such-program --x", HUNG, "cannot start no-such-program --x .No such file"),
        ("true", HUNG, "true gave no answer"),
        ("sleep 1000", 0.3, r"sleep 1000 took more than 0\.3 s"),
        ("echo hello", HUNG, "echo hello gave no answer"),
    ],
)
def test_what_speaks_no_trax_is_one_line(command: str, seconds: float, words: str) -> None:
    frames, boxes = moving_target(1)
    with pytest.raises(InputError, match=words):
        TraxTracker(command, seconds=seconds).init(frames[0], boxes[0])


def test_wrong_arguments_are_one_line(server: Path) -> None:
    with pytest.raises(InputError, match="cannot make the tracker trax:"):
        contenders(TrackConfig(trackers=({f"trax:{sys.executable} {server}": {"speed": 1}},)), weights=server)
