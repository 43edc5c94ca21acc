"""`follow` as users run it: what it writes, and bad input in one line."""

from __future__ import annotations

import io
import os
import re
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

from pipelines import paths, trackers
from pipelines.__main__ import main
from pipelines.trackers import Chosen
from tests.training.tracking.clips import read_back, write_images, write_video
from tests.training.tracking.scenes import moving_target, overlap
from training.backbones import choice, package
from training.device import one_torch_thread
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import save_weights
from training.tracking.baselines import StillTracker
from training.tracking.interface import Frame
from training.tracking.run.benchmark_run import Contender
from training.tracking.video import source as video_source
from training.tracking.video import window
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
    monkeypatch.setattr(choice, "installed", list)  # whatever this machine has
    monkeypatch.setattr(package, "distributions", lambda **_: [])
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
    which, done = capsys.readouterr().out.splitlines()
    assert which.startswith("online DSLT on siamese" if tracker == "online" else "Siamese, trained")
    seen = "seen clearly throughout" if tracker == "online" else "this tracker does not know when .*"
    assert re.fullmatch(rf"5 frames, [\d.]+ frames/s; {seen}; boxes in in.txt, video in in.tracked.mp4", done)
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
    box: str, tracker: str, truth: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in sorted(Path("in").iterdir())[2:]:
        file.unlink()
    assert main(["follow", "in", f"--box={box}", "--tracker", tracker]) == 0
    assert np.isfinite(np.loadtxt("in.txt", delimiter=",")).all()
    Path("in/0001.png").unlink()
    assert main(["follow", "in", f"--box={box}", "--tracker", tracker, "--force"]) == 0
    assert np.loadtxt("in.txt", delimiter=",").shape == (4,)
    assert "\n1 frame, " in capsys.readouterr().out


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
        (["in", "--box", "1,2,9,9", "--weights", "none.pth"], "weights none.pth are missing"),
        (["in", "--box", "1,2,9,9", "--backbone", "squeezenet"], "--backbone squeezenet was given without"),
        (
            ["in", "--box", "1,2,9,9", "--convention", "rgb"],
            "--convention rgb is not known. Known: auto, caffe",
        ),
        (["in", "--box", "1,2,9,9", "--boxes", "in.avi"], "in.avi is there already"),
        (["in.avi", "--box", "1,2,9,9", "--boxes", "in.avi", "--force"], "in.avi is the video itself"),
        (["in", "--box", "1,2,9,9", "--out", "a", "--boxes", "a"], "boxes and video cannot both be a"),
        (["in.avi", "--box", "1,2,9,9", "--out", "in"], "in is a folder"),
        (["in", "--box", "1,2,9,9", "--out", "v.avi"], "v.avi does not end in .mp4, and the video is an MP4"),
        (["in", "--box", "1,2,9,9", "--out", "/dev/null", "--force"], "/dev/null is no plain file"),
        (["in", "--box", "1,2,9,9", "--boxes", "/dev/null", "--force"], "/dev/null is no plain file"),
        (["in", "--box", "1,2,9,9", "--boxes", "/proc/b.txt"], "cannot write /proc/b.txt"),
        (["in", "--box", "1,2,9,9", "--out", "in.avi/v.mp4"], "cannot write in.avi/v.mp4"),
        (["in", "--box", "1,2,9,9", "--boxes", "in/0003.png", "--force"], "in/0003.png is one of the files"),
        (["in", "--box", ""], "--box is empty"),
        (["in", "--box", "1,2,9,9", "--start", ""], "--start is empty"),
        (["in", "--box", "1,2,9,9", "--end", ""], "--end is empty"),
        (["in", "--box", "1,2,9,9", "--range", ""], "--range is empty"),
        (["in", "--box", "1,2,9,9", "--device", ""], "--device is empty"),
        (["", "--box", "1,2,9,9"], "the name of the video is empty"),
        (["in", "--box", "0,0,1e9,1e9"], "over 4 times the sides of the frame of 161 x 121 pixels"),
        (["in", "--box", "10,10,1e-9,5"], "has 1e-09 x 5 pixels in the frame, less than 1 x 1"),
        (["in", "--box", "160.5,40,24,24", "--tracker", "template"], "has 0.5 x 24 pixels in the frame"),
        (["in", "--box", "1,2,9,9", "--range", "0,inf"], "--range 0,inf: the numbers must be finite"),
        (["in", "--box", "1,2,9,9", "--range", "5,5"], "--range 5,5: the second number must be greater"),
        (["in", "--box", "1,2,9,9", "--range", "5"], "--range 5: expected two numbers low,high"),
        (["in", "--box", "1,2,9,9", "--start", "6"], "in has 5 frames, none from 6 on"),
        (["in", "--box", "1,2,9,9", "--device", "abacus"], "device 'abacus' is not usable here"),
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_was_done_and_leaves_no_half_video(
    number: signal.Signals, truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_killed(frames: Iterator[Frame | None]) -> Iterator[Frame | None]:
        yield from islice(frames, 3)
        os.kill(os.getpid(), number)
        yield from frames

    source = open_source("in")
    monkeypatch.setattr(
        video_source, "open_source", lambda *_: replace(source, frames=until_killed(source.frames))
    )
    before = signal.getsignal(number)
    assert main(["follow", "in", "--box", words(truth[0])]) == 0
    assert len(np.loadtxt("in.txt", delimiter=",")) == len(read_back(Path("in.tracked.mp4"))[0]) == 3
    assert not list(Path().glob(".*.part"))
    assert signal.getsignal(number) == before


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
        ({"a": b"notnpy"}, "odd.npz holds no complete backbone of a known kind (first names: a)"),
        ({"conv1.weight": b"notnpy"}, "odd.npz is damaged (conv1.weight is not an array)"),
    ],
)
def test_weights_that_lie_are_one_line(
    members: dict[str, bytes], message: str, truth: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    npz(members)
    command = ["follow", "in", "--box", "9,9,30,30", "--weights", "odd.npz"]
    named = ["--backbone", "squeezenet"] if "conv1.weight" in members else []  # its first layer is there
    assert main([*command, *named]) == 1
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


CASES = Path(__file__).parents[3] / "shared" / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize("case", ["F02/phone", "F04/tiff16", "F06/001", "F07/mac", "F03/davis/%05d.jpg"])
def test_public_cases_are_followed_to_the_pixel(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target moves by 2, 1 pixels a frame, in whatever form its frames are."""
    monkeypatch.chdir((CASES / case).parent if case.startswith("F06") else tmp_path)
    video = "001" if case.startswith("F06") else str(CASES / case)
    places = ["--boxes", str(tmp_path / "b.txt"), "--out", str(tmp_path / "v.mp4")]
    assert main(["follow", video, "--box", "48,96,40,40", "--tracker", "template", *places]) == 0
    expected = [[49 + 2 * n, 97 + n, 40, 40] for n in range(8)]
    np.testing.assert_allclose(np.loadtxt(tmp_path / "b.txt", delimiter=","), expected, atol=1)


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
def test_masks_beside_frames_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["follow", str(CASES / "F03/davis"), "--box", "48,96,40,40"]) == 1
    assert "davis holds several kinds of images: 8 #.jpg, 8 #.png" in caplog.text
    assert not list(tmp_path.iterdir())


def test_outputs_are_not_written_over(truth: np.ndarray, caplog: pytest.LogCaptureFixture) -> None:
    Path("in.txt").write_text("dear\n")
    command = ["follow", "in", "--box", words(truth[0]), "--tracker", "template"]
    assert main(command) == 1
    assert "in.txt is there already. Write over it with --force" in caplog.text
    assert Path("in.txt").read_text() == "dear\n"
    assert main([*command, "--force"]) == 0
    assert len(np.loadtxt("in.txt", delimiter=",")) == 5


def test_it_runs_in_a_folder_that_is_no_project(truth: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another project's folder too, whose params.yaml is none of ours."""
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    for content in (None, "lr: 3\n"):
        if content:
            Path("params.yaml").write_text(content)
        assert main(["follow", "../in", "--box", words(truth[0]), "--tracker", "template", "--force"]) == 0
        assert Path("in.txt").is_file()


def test_a_part_is_tracked_and_its_frames_keep_their_numbers(
    truth: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    box = words(truth[2])
    assert main(["follow", "in", "--box", box, "--start", "3", "--end", "4", "--tracker", "template"]) == 0
    assert "2 frames from 3 on, " in capsys.readouterr().out
    np.testing.assert_allclose(np.loadtxt("in.txt", delimiter=",") - [1, 1, 0, 0], truth[2:4], atol=1)


def test_without_a_display_the_first_frame_is_written_with_a_grid(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(window, "has_display", lambda: False)
    assert main(["follow", "in", "--select", "--start", "2"]) == 1
    assert "in.first.png is the first frame with a grid. Read the target's box off it" in caplog.text
    grid, frame = cv2.imread("in.first.png"), cv2.imread("in/0001.png")
    assert grid.shape == frame.shape
    assert (grid == frame).all(axis=2).mean() > 0.5
    assert not Path("in.txt").exists()
    for cure in ([], ["--force"]):
        caplog.clear()
        assert main(["follow", "in", "--select", "--start", "3", *cure]) == 1
        there = "in.first.png is there already. Write over it with --force, or move it away" in caplog.text
        assert there == (not cure)
    assert (cv2.imread("in.first.png") == cv2.imread("in/0002.png")).all(axis=2).mean() > 0.5


def test_with_a_display_the_box_is_drawn(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(window, "has_display", lambda: True)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    monkeypatch.setattr(cv2, "selectROI", lambda *_, **__: tuple(truth[0].astype(int)))
    assert main(["follow", "in", "--select", "--tracker", "template"]) == 0
    assert f"--box {words(truth[0])}\n" in capsys.readouterr().out
    np.testing.assert_allclose(np.loadtxt("in.txt", delimiter=",") - [1, 1, 0, 0], truth, atol=1)


class Forgetful(StillTracker):
    """Says that it sees nothing in frames 2 and 3, and little in the last."""

    def _start(self, frame: Frame, box: np.ndarray) -> None:
        super()._start(frame, box)
        self.number = 1

    def _locate(self, frame: Frame) -> np.ndarray:
        self.number += 1
        self.sight = {2: "hidden", 3: "hidden", 4: "clear"}.get(self.number, "doubtful")  # type: ignore[assignment]
        return super()._locate(frame)


def test_how_often_the_target_was_hidden_is_said(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is marked in the video is tested in `test_drawing`."""
    chosen = Chosen(Contender("f", Forgetful, "f"), "forgetful", "")
    monkeypatch.setattr(trackers, "choose", lambda *_, **__: chosen)
    write_images(Path("plain"), [np.full((121, 161, 3), 90, np.uint8)] * 5)
    assert main(["follow", "plain", "--box", "60,60,40,30"]) == 0
    assert "; hidden in 2 (2-3); doubtful in 1 (5); boxes in" in capsys.readouterr().out
    frames, _, _ = read_back(Path("plain.tracked.mp4"))
    edge = np.s_[87:92, 65:95]  # the lower one of the box
    red = [bool((frame[edge].mean(axis=(0, 1)) @ [-0.5, -0.5, 1]) > 20) for frame in frames]
    assert red[:4] == [False, True, True, False]


def test_what_has_seen_generated_video_alone_is_warned_of_and_not_the_default(
    truth: np.ndarray, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    for tracker in ("online", "siamese"):
        assert main(["follow", "in", "--box", words(truth[0]), "--tracker", tracker, "--force"]) == 0
        assert "has only seen generated video" in caplog.text
        caplog.clear()
    assert main(["follow", "in", "--box", words(truth[0]), "--force"]) == 0
    assert capsys.readouterr().out.splitlines()[-2].startswith("template matching")
    assert ".[features]" in caplog.text
