"""`follow` as users run it: what it writes, and bad input in one line."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipelines import paths
from pipelines.__main__ import main
from tests.training.tracking.clips import read_back, write_images, write_video
from tests.training.tracking.scenes import moving_target, overlap
from training.network.siamese_network import NetworkConfig, SiameseNetwork
from training.network.weights import save_weights
from training.tracking.interface import Frame
from training.tracking.run.sequence_run import one_torch_thread
from training.tracking.video import source as video_source
from training.tracking.video.source import open_source

QUICK = "track: {online: {learn: {first_steps: 30, first_batch: 4}, augment: {samples: 4}}}\n"
SCENE = {"shape": (121, 161), "start": (30.0, 30.0)}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with one_torch_thread():
        yield


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A project folder with a network, a folder of images `in` (odd sizes) and a video `in.avi`; their boxes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_DEVICE", "cpu")
    Path("params.yaml").write_text(QUICK)
    torch.manual_seed(0)
    save_weights(paths.WEIGHTS, SiameseNetwork(NetworkConfig(width=0.1)), {})
    frames, boxes = moving_target(5, **SCENE)  # type: ignore[arg-type]
    write_images(Path("in"), frames)
    write_video(Path("in.avi"), frames)
    return boxes


def words(box: np.ndarray) -> str:
    return ",".join(f"{value:g}" for value in box)


@pytest.mark.parametrize(("video", "tracker"), [("in", "online"), ("in", "siamese"), ("in.avi", "online")])
def test_boxes_and_video_are_written_with_weights_of_the_pipeline(
    video: str, tracker: str, truth: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = ["--responses"] if video == "in" else []
    assert main(["follow", video, "--box", words(truth[0]), "--tracker", tracker, *drawn]) == 0
    assert capsys.readouterr().out == "5 frames; boxes in in.txt, video in in.tracked.mp4\n"
    boxes = np.loadtxt("in.txt", delimiter=",") - [1, 1, 0, 0]
    np.testing.assert_allclose(boxes[0], truth[0])
    assert boxes.shape == (5, 4)
    if tracker == "online":
        assert min(map(overlap, boxes, truth)) > 0.5
    frames, code, _ = read_back(Path("in.tracked.mp4"))
    assert (len(frames), code) == (5, "h264")


@pytest.mark.parametrize(
    "image",
    [
        np.full((121, 161), 9000, np.uint16),
        np.full((121, 161), 90, np.uint8),
        np.full((121, 161, 4), 90, np.uint8),
        np.full((40, 70, 3), 90, np.uint8),
    ],
    ids=["16 bits", "grey", "alpha", "another size"],
)
def test_odd_frames_in_the_middle_do_not_end_the_video(image: np.ndarray, truth: np.ndarray) -> None:
    cv2.imwrite("in/0002.png", image)
    Path("in/0003.png").write_bytes(b"no image")
    assert main(["follow", "in", "--box", words(truth[0]), "--tracker", "online"]) == 0
    boxes = np.loadtxt("in.txt", delimiter=",")
    assert boxes.shape == (5, 4)
    assert np.isfinite(boxes).all()


@pytest.mark.parametrize("box", ["-20,40,40,30", "140,100,60,60", "0,0,161,121", "80,60,1,1"])
@pytest.mark.parametrize("tracker", ["online", "siamese"])
def test_boxes_half_outside_and_a_single_frame_are_followed(
    box: str, tracker: str, truth: np.ndarray
) -> None:
    for file in sorted(Path("in").iterdir())[2:]:
        file.unlink()
    assert main(["follow", "in", f"--box={box}", "--tracker", tracker]) == 0
    assert np.isfinite(np.loadtxt("in.txt", delimiter=",")).all()
    Path("in/0001.png").unlink()
    assert main(["follow", "in", f"--box={box}", "--tracker", tracker]) == 0
    assert np.loadtxt("in.txt", delimiter=",").shape == (4,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in", "--box", "1,2,3"], "--box 1,2,3: expected four numbers"),
        (["in", "--box", "10,10,0,5"], "has no area"),
        (["in", "--box", "nan,10,5,5"], "is not finite"),
        (["in", "--box", "500,10,5,5"], "wholly outside the frame of 161 x 121 pixels"),
        (["none.mp4", "--box", "1,2,3,4"], "none.mp4 does not exist"),
        (["params.yaml", "--box", "1,2,3,4"], "cannot be opened as a video"),
        (["in", "--box", "1,2,9,9", "--weights", "none.pth", "--tracker", "online"], "none.pth"),
        (["in", "--box", "1,2,9,9", "--weights", "none.pth"], "none.pth is missing"),
        (
            ["in", "--box", "1,2,9,9", "--tracker", "online", "--backbone", "vgg16"],
            "--backbone vgg16 was given without --weights",
        ),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: list[str], message: str, truth: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["follow", *arguments]) == 1
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert message in line
    assert "\n" not in line
    assert not list(Path().glob("*.txt"))
    assert not list(Path().glob("*.mp4"))


def test_sigterm_keeps_what_was_done_and_leaves_no_half_video(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_killed(frames: Iterator[Frame | None]) -> Iterator[Frame | None]:
        yield from islice(frames, 3)
        os.kill(os.getpid(), signal.SIGTERM)
        yield from frames

    source = open_source("in")
    monkeypatch.setattr(
        video_source, "open_source", lambda _: replace(source, frames=until_killed(source.frames))
    )
    before = signal.getsignal(signal.SIGTERM)
    assert main(["follow", "in", "--box", words(truth[0])]) == 0
    assert len(np.loadtxt("in.txt", delimiter=",")) == len(read_back(Path("in.tracked.mp4"))[0]) == 3
    assert not list(Path().glob(".*.part"))
    assert signal.getsignal(signal.SIGTERM) == before


def npz(members: dict[str, bytes]) -> None:
    with zipfile.ZipFile("odd.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def claims(count: int) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (count,)})
    return stream.getvalue() + bytes(64)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"conv1.weight": claims(10**13)},
            "odd.npz is damaged (conv1.weight promises (10000000000000,) numbers",
        ),
        ({"a": b"notnpy"}, "odd.npz holds no layers of squeezenet"),
        ({"conv1.weight": b"notnpy"}, "odd.npz is damaged (conv1.weight is not an array)"),
    ],
)
def test_weights_that_lie_are_one_line(
    members: dict[str, bytes], message: str, truth: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    npz(members)
    assert main(["follow", "in", "--box", "9,9,30,30", "--tracker", "online", "--weights", "odd.npz"]) == 1
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert message in line
    assert "\n" not in line


@pytest.mark.parametrize("video", ["pipe", "pipe.png", "pipe.mp4", "loop", "loop.mp4", "/dev/zero"])
def test_a_pipe_a_loop_and_a_device_are_no_video(
    video: str, truth: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    if video.startswith("pipe"):
        os.mkfifo(video)
    elif video.startswith("loop"):
        Path(video).symlink_to(video)
    assert main(["follow", video, "--box", "9,9,30,30"]) == 1
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert video in line


def test_a_frame_that_is_a_pipe_or_a_folder_keeps_the_box_before(
    truth: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in/0002.png").unlink()
    Path("in/0003.png").unlink()
    os.mkfifo("in/0002.png")
    Path("in/0003.png").mkdir()
    assert main(["follow", "in", "--box", words(truth[0])]) == 0
    assert "5 frames, 2 of them unreadable" in capsys.readouterr().out
    boxes = np.loadtxt("in.txt", delimiter=",")
    np.testing.assert_array_equal(boxes[1], boxes[2])
    np.testing.assert_array_equal(boxes[1], boxes[3])


def test_weights_that_are_a_pipe_are_not_waited_for(
    truth: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    for name, tracker in (("a.npz", "online"), ("a.safetensors", "siamese")):
        os.mkfifo(name)
        assert main(["follow", "in", "--box", "9,9,30,30", "--tracker", tracker, "--weights", name]) == 1
        assert f"{name} is not a plain file" in caplog.records[-1].getMessage()


def test_a_video_whose_name_cannot_be_printed_is_followed_all_the_same(
    truth: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("in").rename("in\x1b[31m\udcff")
    assert main(["follow", "in\x1b[31m\udcff", "--box", words(truth[0])]) == 0
    out, err = capfd.readouterr()
    assert "boxes in in\\x1b[31m\\xff.txt" in out
    assert "\x1b" not in out + err
    assert Path("in\x1b[31m\udcff.txt").exists()
