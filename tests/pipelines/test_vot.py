"""The tracker under the real TraX client, in a process of its own, as the VOT toolkit runs it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipelines.__main__ import main
from tests.training.tracking.scenes import moving_target
from tests.waiting import HUNG
from training.device import one_torch_thread
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights
from training.tracking.contenders import contenders
from training.tracking.run.sequence_run import track_sequence
from training.tracking.track_config import TrackConfig

ROOT = Path(__file__).parents[2]
trax = pytest.importorskip("trax", reason="the package vot-trax is not installed: pip install -e '.[vot]'")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder: parameters, weights, and two short sequences of five frames."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "params.yaml").write_text("track: {}\n")
    torch.manual_seed(0)
    save_weights(folder / "models" / "siamese.safetensors", SiameseNetwork(NetworkConfig(width=0.1)), {})
    for seed, name in enumerate(("one", "two")):
        frames, boxes = moving_target(5, seed=seed, start=(60.0, 40.0 + 30 * seed))
        (folder / name).mkdir()
        np.savetxt(folder / name / "groundtruth.txt", boxes, delimiter=",")
        for number, frame in enumerate(frames, start=1):
            cv2.imwrite(str(folder / name / f"{number:08d}.png"), frame)
    return folder


def run_by_trax(command: list[str], folder: Path, images: list[Path], box: np.ndarray) -> np.ndarray:
    """What a client of the protocol gets: one box a frame, the first included."""
    from trax.client import Client

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        client = Client((process.stdin.fileno(), process.stdout.fileno()), log=lambda message: None)
        assert client.tracker_name.startswith("DSLT-")
        region = trax.Rectangle.create(*map(float, box))
        replies = [client.initialize({"color": trax.FileImage.create(str(images[0]))}, [(region, {})], {})]
        replies += [client.frame({"color": trax.FileImage.create(str(path))}, {}, []) for path in images[1:]]
        client.quit()
        assert process.wait(timeout=HUNG) == 0
    return np.array([objects[0][0].bounds() for objects, _ in replies])


@pytest.mark.parametrize("tracker", ["siamese", "online"])
def test_boxes_through_the_protocol_are_the_trackers_own(
    tracker: str,
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(project)
    assert main(["vot", "--tracker", tracker, "--register"]) == 0
    entry = dict(line.split(" = ", 1) for line in capsys.readouterr().out.splitlines()[1:])
    assert entry["protocol"] == "trax"
    command = shlex.split(entry["command"])
    config = TrackConfig(trackers=(tracker,))
    [contender] = contenders(config, weights=project / "models" / "siamese.safetensors")
    for name in ("one", "two"):
        images = sorted((project / name).glob("*.png"))
        first = np.loadtxt(project / name / "groundtruth.txt", delimiter=",")[0]
        with one_torch_thread():
            expected = track_sequence(contender.make(), images, first).boxes
        # The client stands elsewhere than the project, as the toolkit's workspace does.
        boxes = run_by_trax(command, tmp_path, images, first)
        np.testing.assert_allclose(boxes, expected, atol=0.01)


TALKS = """
import os, subprocess, sys
print("imported")

class Talks:
    def __init__(self):
        print("made")

    def init(self, frame, box):
        os.write(1, b"@@TRAX:quit \\n")
        subprocess.run([sys.executable, "-c", "print('a child')"])
        self.box = list(box)

    def update(self, frame):
        print("half a line", end="", flush=True)
        self.box[0] += 1
        print("and not flushed", end="")
        return self.box
"""


def test_what_a_tracker_prints_is_kept_from_the_client(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (project / "talks.py").write_text(TALKS)
    command = [sys.executable, "-m", "pipelines", "vot", "--tracker", "talks.py:Talks"]
    images = sorted((project / "one").glob("*.png"))
    boxes = run_by_trax(command, project, images, np.array([10.0, 20, 30, 40]))
    assert boxes.tolist() == [[10.0 + frame, 20, 30, 40] for frame in range(len(images))]
    said = capfd.readouterr().err
    for words in ("imported", "made", "@@TRAX:quit", "a child", "half a line"):
        assert words in said


def test_without_the_package_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "trax", None)
    assert main(["vot"]) == 1
    assert 'pip install -e ".[vot]"' in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        b"garbage\n",
        b"",
        b"\xff\0\x1b[31m\n",
        b"@@TRAX:initialize\n",
        b'@@TRAX:initialize "file:///a.jpg" "no region"\n',
        b'@@TRAX:initialize "file:///dev/zero" "1,2,nan,4"\n',
    ],
)
def test_what_is_no_client_is_one_line(said: bytes, project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "vot"],
        input=said,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=HUNG,
    )
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: no TraX client speaks on standard input")


def test_a_person_at_a_terminal_is_told_how_to_register(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "stdin", sys.__stdin__ and type("Terminal", (), {"isatty": lambda self: True})())
    assert main(["vot"]) == 1
    assert "vot --register" in caplog.text
