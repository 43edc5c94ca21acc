"""One of each kind from outside the packages, run: layout, benchmark, tracker, backbone, loss, metric, format."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from curation.files import write_json
from pipelines.tools.profile import overlay
from tests.training.fabricate import CROP, fabricate
from tests.training.tracking.scenes import moving_target
from training.batches.pairs import PairConfig
from training.losses import LossConfig
from training.network.network_config import NetworkConfig
from training.network.weights import load_weights
from training.trainer.loop import Inputs, Outputs, Runtime, TrainConfig, train

ROOT = Path(__file__).parents[2]
LIST = "lists/mine.json"

CODE = '''
import io
import numpy as np
import torch
import torch.nn.functional as F

from curation.digests.file_groups import Files, Folder
from curation.layouts.frame_annotation import FrameAnnotation, ObjectAnnotation
from curation.layouts.layout_table import Layout, Video
from training.benchmark.results.formats.format_row import Format
from training.benchmark.results.formats.segments import Segment
from training.benchmark.scores.metric_table import Curve, Metric
from training.backbones.backbone import Backbone, trimmed
from training.backbones.convention import RAW_RGB


class Drift:
    """Moves the first box by a step a frame."""

    def __init__(self, step=0.0):
        self.step = step

    def init(self, frame, box):
        self.box = np.array(box)

    def update(self, frame):
        self.box[0] += self.step
        return self.box


class Edges(Backbone):
    """The image at a quarter of its size, and its edges."""

    name = "edges"
    stride = 4
    channels = (3, 3)
    border = 0

    @classmethod
    def load(cls, path, *, convention, device, precision):
        return cls({"scale": torch.from_numpy(np.load(path)["scale"])}, RAW_RGB, device, precision)

    def input_side(self, cells):
        return 4 * cells

    def _maps(self, images, without):
        small = F.avg_pool2d(images, 4) * self._weights["scale"]
        edges = small - F.avg_pool2d(small, 3, 1, padding=1, count_include_pad=False)
        return trimmed(small, without), trimmed(edges, without)


def huber(prediction, label, *, localisation=1.0, reduction="mean"):
    return F.huber_loss(prediction, label, delta=localisation, reduction=reduction)


OVERLAP = Curve("overlap", counts=lambda frames, groups, count: np.bincount(groups, frames.overlap, count)[:, None])
AO = Metric("mean_overlap", "ope", "AO", "mean overlap", lambda curves: float(curves["overlap"][0]), curve=OVERLAP)


def _write(result):
    text = io.StringIO()
    np.savetxt(text, result.boxes, fmt="%.4f", delimiter=";", header="x;y;w;h", comments="")
    return {f"{result.tracker}/{result.sequence.name}.csv": text.getvalue().encode()}


def _read(path):
    return [Segment(np.loadtxt(path, delimiter=";", skiprows=1))]


CSV = Format("csv", "<tracker>/<sequence>.csv, 1-based", _write, _read, ending=".csv")


def _find(root, subset):
    for folder in root.iterdir():
        yield Video(folder.name, Folder(folder / "img", (".jpg",)), Files((folder / "groundtruth_rect.txt",)))


def _parse(video, contents):
    rows = np.loadtxt(contents["groundtruth_rect.txt"].decode().splitlines(), delimiter=",").astype(int)
    boxes = [(int(x) - 1, int(y) - 1, int(w), int(h)) for x, y, w, h in rows]
    frames = [FrameAnnotation(160, 120, (ObjectAnnotation(0, "thing", box, 0, 0),)) for box in boxes]
    return {number: lambda frame=frame: frame for number, frame in enumerate(frames, start=1)}


CLIPS = Layout("clips", lambda root: ("all",), _find, _parse, "%04d", sized=True)
'''

MAIN = """
import json, sys
from pipelines.__main__ import main
sys.exit(any(main(words) for words in json.loads(sys.argv[1])))
"""

VALUES = {
    "dataset": {
        "built_in": [],
        "vid": "pipelines/profiles/ilsvrc15.yaml",
        "subsets": ["mine"],
        "parts": {"mine": {"layout": "own.py:CLIPS"}},
        "sequences": "pipelines/profiles/benchmarks.yaml",
        "benchmarks": [LIST],
    },
    "track": {"trackers": ["still", {"own.py:Drift": {"step": 2.0}}]},
    "score": {"formats": ["own.py:CSV"], "metrics": ["own.py:AO"]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with two clips of its own, their list, and code of its own; nothing of ours is changed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "params.yaml").write_text(overlay((ROOT / "params.yaml").read_text(), [VALUES]))
    (folder / "own.py").write_text(CODE)
    for seed, name in enumerate(("cup", "dog")):
        frames, boxes = moving_target(5, seed=seed, shape=(120, 160), start=(60.0, 40.0 + 20 * seed))
        images = folder / "videos" / name / "img"
        images.mkdir(parents=True)
        for number, frame in enumerate(frames, start=1):
            cv2.imwrite(str(images / f"{number:04d}.jpg"), frame)
        np.savetxt(
            images.parent / "groundtruth_rect.txt", boxes + np.array([1, 1, 0, 0]), fmt="%g", delimiter=","
        )
    sequences = [{"name": name, "folder": name, "end_frame": 5} for name in ("cup", "dog")]
    header = {"schema": 1, "benchmark": "mine", "title": "My videos", "kind": "ope", "root": "../videos"}
    write_json(folder / LIST, {**header, "sequences": sequences})
    return folder


def run(project: Path, *commands: list[str]) -> str:
    """Run commands in the project, in one process; what they print."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, json.dumps(commands)],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DSLT_JOBS": "2",
            "DSLT_DEVICE": "cpu",
            "DSLT_ROOTS_MINE": "videos",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def scored(project: Path) -> Path:
    """The project once its clips are cropped, its trackers run and scored, beside results in a format of its own."""
    given = ["convert", LIST, f"data/results/{LIST}", "Drift", "own.py:CSV"]
    run(
        project,
        *(["manifest"], ["annotate", "mine"], ["crop", "mine"], ["track", LIST]),
        *([*given, "data/imported/mine", "--rename", "Theirs"], ["score"]),
    )
    return project


def test_clips_in_a_layout_of_one_s_own_are_cropped(scored: Path) -> None:
    videos = json.loads((scored / "data/annotations/mine.json").read_text())["videos"]
    assert set(videos) == {"cup", "dog"}
    for name, video in videos.items():
        assert video["frames"] == [1, 2, 3, 4, 5]
        with tarfile.open(scored / f"data/crops/mine/{name}.tar") as shard:
            assert len(shard.getnames()) == 5
    assert json.loads((scored / "data/manifest/mine.json").read_text())["layout"]


def test_benchmark_tracker_format_and_metric_in_one_run(scored: Path) -> None:
    (document,) = json.loads((scored / "reports/score/scores.json").read_text()).values()
    assert (document["benchmark"], document["title"]) == ("mine", "My videos")
    assert set(document["trackers"]) == {"still", "Drift", "Theirs"}
    scores = {name: entry["overall"] for name, entry in document["trackers"].items()}
    assert scores["Theirs"]["auc"] == pytest.approx(scores["Drift"]["auc"])
    boxes = np.loadtxt(scored / f"data/results/{LIST}/Drift/cup.txt", delimiter=",")
    np.testing.assert_allclose(np.diff(boxes[:, 0]), 2)
    for overall in scores.values():
        assert 0.4 < overall["mean_overlap"] <= 1
    small = json.loads((scored / "reports/score/metrics.json").read_text())
    assert small["mine"]["matlab"]["Drift"]["mean_overlap"] == scores["Drift"]["mean_overlap"]
    page = (scored / "reports/index.html").read_text()
    assert "My videos" in page
    assert ">AO<" in page
    assert "Published" not in page


def test_the_same_from_the_command_line(scored: Path) -> None:
    np.savez(scored / "edges.npz", scale=np.float32([1.0]))
    clip = ["follow", "videos/cup/img", "--box", "60,40,30,20"]
    online = ["--tracker", "online", "--backbone", "own.py:Edges", "--weights", "edges.npz"]
    lines = run(
        scored,
        ["evaluate", LIST, f"data/results/{LIST}", "--metric", "own.py:AO"],
        ["evaluate", LIST, "data/imported/mine", "--format", "own.py:CSV", "--root", "videos"],
        [*clip, "--tracker", "own.py:Drift", "--boxes", "drift.txt"],
        [*clip, *online, "--boxes", "edges.txt", "--out", "edges.mp4"],
    ).splitlines()
    assert lines[0] == "My videos, one-pass evaluation, protocol matlab"
    assert "AO" in lines[2].split()
    assert any(line.startswith("Theirs") for line in lines)
    drift = np.loadtxt(scored / "drift.txt", delimiter=",")
    np.testing.assert_allclose(np.diff(drift[:, 0]), 2)  # with its arguments in params.yaml
    assert len((scored / "edges.txt").read_text().splitlines()) == 5


def test_a_loss_trains(project: Path, tmp_path: Path) -> None:
    config = TrainConfig(
        network=NetworkConfig(width=0.05),
        loss=LossConfig(name=f"{project}/own.py:huber", localisation=0.5),
        pairs=PairConfig(per_epoch=8, search_size=CROP - 8),
        epochs=1,
        batch=4,
        validation_pairs=0,
        picture_every=0,
    )
    inputs = Inputs(
        train=fabricate(tmp_path, "train", videos=2),
        validation=fabricate(tmp_path, "val", videos=1, seed=1),
        crops=tmp_path / "crops",
    )
    out = tmp_path / "out"
    outputs = Outputs(weights=out / "w.safetensors", records=out / "records", checkpoints=out / "checkpoints")
    torch.set_num_threads(1)
    train(config, inputs, outputs, Runtime(device="cpu", threads=1))
    _, metadata = load_weights(outputs.weights)
    assert metadata["parameters"]["loss"]["name"] == config.loss.name


def tracked(project: Path) -> dict[str, tuple[int, int]]:
    """By tracker: sequences tracked in the last run, and taken from the store."""
    times = json.loads((project / f"data/times/{LIST}.json").read_text())
    return {name: (entry["tracked"], entry["from_store"]) for name, entry in times["trackers"].items()}


def test_an_edited_tracker_runs_again_and_no_other_does(scored: Path) -> None:
    record = scored / f"data/manifest/{LIST}.json"
    assert "data/manifest/${item.benchmark}.json" in (ROOT / "dvc.yaml").read_text()  # so DVC will see it
    run(scored, ["manifest"], ["track", LIST])
    before = record.read_bytes()
    assert tracked(scored) == {"still": (0, 2), "Drift": (0, 2)}
    code = scored / "own.py"
    code.write_text(code.read_text() + "# edited\n")
    with pytest.raises(AssertionError, match="Drift changed since the manifest stage ran"):
        run(scored, ["track", LIST])
    run(scored, ["manifest"], ["track", LIST])
    assert record.read_bytes() != before
    assert tracked(scored) == {"still": (0, 2), "Drift": (2, 0)}


PAGE = ROOT / "training/tracking/OWN_TRACKER.md"


def test_your_tracker_in_ten_lines(project: Path, tmp_path: Path) -> None:
    """The page: its code and its commands, from an empty folder, on a clip of our own."""
    page = PAGE.read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    [shown] = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    trackers = YAML(typ="safe", pure=True).load(shown)["track"]["trackers"]
    for name in ("videos", "lists"):
        shutil.copytree(project / name, tmp_path / name)
    shutil.copy(project / "own.py", tmp_path)
    (tmp_path / "mil.py").write_text(code)
    params = (project / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(overlay(params, [{"track": {"trackers": trackers[1:]}}]))
    commands = [line.split()[3:] for line in re.findall("python -m pipelines [^&\n]+", page)]
    assert [words[0] for words in commands] == ["follow", "track", "evaluate", "starts", "vot"]
    given = {"otb2015": LIST, "holiday.mp4": "videos/cup/img", "410,220,64,80": "60,40,30,20"}
    printed = run(tmp_path, *[[given.get(word, word) for word in words] for words in commands])
    assert "\nMil " in printed
    assert "[dslt_Mil]" in printed
    boxes = np.loadtxt(tmp_path / "runs/Mil/cup.txt", delimiter=",")
    assert boxes.shape == (5, 4)
    assert (tmp_path / "runs/SRE/Mil/dog.json").is_file()
    run(tmp_path, ["manifest"], ["track", LIST])
    assert tracked(tmp_path) == {"template": (2, 0), "Mil": (0, 2)}
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / f"data/results/{LIST}/Mil/cup.txt", delimiter=","), boxes
    )
