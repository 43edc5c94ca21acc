"""The real got10k and vot-toolkit packages read what we write and give the same numbers.

Neither is a dependency: these tests are skipped unless the packages are installed beside ours. Both work
under Python 3.11 with `got10k==0.1.3`, `vot-toolkit==0.7.4` and `attributee==0.1.9` (later ones do not import
there), in an environment of their own:

    pip install got10k==0.1.3 vot-toolkit==0.7.4 attributee==0.1.9 pytest hypothesis scipy pydantic orjson
    python -m pytest --noconftest tests/training/benchmark/test_peers.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.benchmark.builders import benchmark, vot_sequence, write_rows
from tests.training.benchmark.test_regions import rotated
from training.benchmark.accuracy import frame_accuracy
from training.benchmark.eao import Run, expected_average_overlap, expected_overlap_curve
from training.benchmark.ope import sequence_curves
from training.benchmark.records import Benchmark, Sequence
from training.benchmark.results import read_results
from training.benchmark.sequences import load_benchmark
from training.benchmark.summary import summary
from training.benchmark.trajectories import Trajectory
from training.benchmark.vot import measure_runs, score_supervised
from training.benchmark.vot_rules import VOT2016
from training.benchmark.writing import write_boxes, write_runs

needs_got10k = pytest.mark.skipif(find_spec("got10k") is None, reason="the package got10k is not installed")
needs_vot = pytest.mark.skipif(find_spec("vot") is None, reason="the package vot-toolkit is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

LENGTHS = {"Deer": 71, "Skiing": 81, "MotorRolling": 164, "Jogging": 307, "Human4": 667, "Tiger1": 354}


def walk(generator: np.random.Generator, frames: int) -> np.ndarray:
    """Whole boxes, 1-based, that wander and change their size."""
    corner = np.clip(np.cumsum(generator.normal(0, 3, (frames, 2)), axis=0) + 100, 1, 400)
    size = np.clip(np.cumsum(generator.normal(0, 1, (frames, 2)), axis=0) + 40, 8, 90)
    return np.concatenate([corner, size], axis=1).round()


def follow(generator: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """A tracker's boxes: noisy, sometimes far away, without size, or lost."""
    boxes = np.nan_to_num(truth, nan=50.0) + generator.normal(0, 6, truth.shape)
    boxes[generator.random(len(truth)) < 0.1, 0] += 300
    boxes[generator.random(len(truth)) < 0.05, 2] = 0
    boxes[generator.random(len(truth)) < 0.05] = np.nan
    boxes[0] = truth[0]
    return boxes.round(4)


@pytest.fixture
def otb_root(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    root = tmp_path / "OTB"
    for name, frames in LENGTHS.items():
        (root / name / "img").mkdir(parents=True)
        for number in range(1, frames + 1):
            (root / name / "img" / f"{number:04d}.jpg").touch()
        files = {"Jogging": ("1", "2"), "Human4": ("2",)}.get(name, ("",))
        for k in files:
            file = f"groundtruth_rect.{k}.txt" if k else "groundtruth_rect.txt"
            write_rows(root / name / file, walk(generator, frames), separator="," if k != "2" else "\t")
    (root / "Human4" / "groundtruth_rect.1.txt").touch()
    return root


@needs_got10k
def test_got10k_otb(otb_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves of every sequence, Tiger1's 354 rows among them, to the last bit."""
    from got10k.datasets import OTB
    from got10k.experiments import ExperimentOTB

    bench = load_benchmark("otb2015", [otb_root])
    generator = np.random.default_rng(1)
    for sequence in bench.sequences:
        boxes = follow(generator, sequence.annotation) - np.array([1, 1, 0, 0])
        seconds = np.full(len(sequence), 0.02)
        write_boxes(tmp_path / "results", "Ours", bench, sequence, boxes, form="got10k", seconds=seconds)
    monkeypatch.setattr(OTB, "_download", lambda *_: None)
    monkeypatch.setattr(ExperimentOTB, "plot_curves", lambda *_: None)
    experiment = ExperimentOTB(str(otb_root), 2015, str(tmp_path / "results"), str(tmp_path / "reports"))
    theirs = experiment.report(["Ours"])["Ours"]
    _compare_with_got10k(theirs, tmp_path / "results", bench)
    assert theirs["overall"]["speed_fps"] == pytest.approx(50)


def _compare_with_got10k(theirs: dict, results_dir: Path, bench: Benchmark) -> None:
    results = read_results(results_dir, "Ours", bench, "got10k").boxes
    curves = sequence_curves(results, bench.sequences, "got10k", absent_rows=bench.absent_rows)
    assert set(theirs["seq_wise"]) == {sequence.name for sequence in bench.sequences}
    for i, sequence in enumerate(bench.sequences):
        entry = theirs["seq_wise"][sequence.name]
        assert entry["success_curve"] == curves.values["success"][i].tolist()
        assert entry["precision_curve"] == curves.values["precision"][i].tolist()
    ours = summary(curves)
    assert ours["auc"] == pytest.approx(theirs["overall"]["success_score"], abs=1e-12)
    assert ours["dp20"] == pytest.approx(theirs["overall"]["precision_score"], abs=1e-12)
    assert ours["op50"] == pytest.approx(theirs["overall"]["success_rate"], abs=1e-12)


@needs_got10k
def test_got10k_uav123(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent targets are left out."""
    from got10k.experiments import ExperimentUAV123

    root, generator = tmp_path / "UAV123", np.random.default_rng(2)
    for name, frames in (("bird1_1", 253), ("bird1_2", 703), ("car1_s", 1475)):
        truth = walk(generator, frames)
        truth[20:40] = np.nan
        write_rows(root / "anno/UAV123" / f"{name}.txt", truth)
    for extra in ("data_seq", "a", "b"):
        (root / extra).mkdir()  # it wants more than three entries
    bench = load_benchmark("uav123", [root], images=False)
    for sequence in bench.sequences:
        boxes = follow(generator, sequence.annotation) - np.array([1, 1, 0, 0])
        write_boxes(tmp_path / "results", "Ours", bench, sequence, boxes, form="got10k")
    monkeypatch.setattr(ExperimentUAV123, "plot_curves", lambda *_: None)
    experiment = ExperimentUAV123(
        str(root), result_dir=str(tmp_path / "results"), report_dir=str(tmp_path / "reports")
    )
    _compare_with_got10k(experiment.report(["Ours"])["Ours"], tmp_path / "results", bench)


def film(generator: np.random.Generator, name: str, frames: int) -> tuple[Sequence, Trajectory, Trajectory]:
    """A sequence with turned boxes, a supervised and an unsupervised run on it."""
    centres = np.cumsum(generator.normal(0, 2, (frames, 2)), axis=0) + np.array([160, 120])
    centres = np.clip(centres, 30, np.array([290, 210]))
    angles = np.cumsum(generator.normal(0, 0.05, frames))
    sizes = np.array([50, 30]) + generator.uniform(-5, 5, (frames, 2))
    truth = np.concatenate([rotated(*c, *s, a) for c, s, a in zip(centres, sizes, angles, strict=True)])
    tags = {tag: generator.random(frames) < 0.3 for tag in ("occlusion", "motion_change")}
    tags["empty"] = ~(tags["occlusion"] | tags["motion_change"])
    answers = np.concatenate([centres - sizes / 2, sizes], axis=1) + generator.normal(0, 5, (frames, 4))
    rows: list[list[float]] = []
    restart = 0
    for i in range(frames):
        if i < restart:
            rows.append([0])
        elif i == restart:
            rows.append([1])
        elif generator.random() < 0.01:
            rows.append([2])
            restart = i + 5
        else:
            rows.append(answers[i].round(4).tolist())
    sequence = vot_sequence(name, truth.round(2), (320, 240), tags=tags)
    return sequence, Trajectory.from_rows(rows), Trajectory.from_boxes(answers.round(4))


@pytest.fixture
def vot(tmp_path: Path) -> tuple[Benchmark, dict[str, list[Trajectory]]]:
    """Results written for both toolkits: one supervised run of a tracker that is deterministic."""
    generator = np.random.default_rng(3)
    sequences, runs = [], {}
    for name, frames in (("alpha", 420), ("beta", 150), ("gamma", 260)):
        sequence, supervised, free = film(generator, name, frames)
        sequences.append(sequence)
        runs[name] = [supervised]
        bench = benchmark([sequence], kind="vot")
        for form in ("vot", "got10k"):
            write_runs(tmp_path / "results", "Ours", bench, sequence, [supervised], form=form)
            write_runs(
                tmp_path / "results", "Ours", bench, sequence, [free], form=form, experiment="unsupervised"
            )
    return benchmark(sequences, kind="vot"), runs


@needs_vot
def test_vot_toolkit(tmp_path: Path, vot: tuple[Benchmark, dict[str, list[Trajectory]]]) -> None:
    """`vot analysis` on an offline workspace without images."""
    bench, runs = vot
    for sequence in bench.sequences:
        folder = tmp_path / "sequences" / sequence.name
        write_rows(folder / "groundtruth.txt", sequence.annotation)
        properties = {"name": sequence.name, "fps": 30, "format": "default", "channel.default": "color"}
        properties |= {
            "channels.color": "color/%08d.jpg",
            "length": len(sequence),
            "width": 320,
            "height": 240,
        }
        (folder / "sequence").write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    (tmp_path / "sequences" / "list.txt").write_text("".join(f"{s.name}\n" for s in bench.sequences))
    (tmp_path / "config.yaml").write_text("registry: [./trackers.ini]\nstack: vot2016/rgb\n")
    (tmp_path / "trackers.ini").write_text("[Ours]\nlabel=Ours\nprotocol=folder\ncommand=\n")
    command = [sys.executable, "-m", "vot", "analysis", "--workspace", str(tmp_path), "--format", "json"]
    done = subprocess.run([*command, "--name", "a", "Ours"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (report,) = (tmp_path / "analysis").rglob("*.json")
    average, failures, eao, _ = json.loads(report.read_text())["results"]["baseline"]["results"]
    scores = score_supervised(bench.sequences, runs, replace(VOT2016, overlap="vot-toolkit"))["overall"]
    assert average[0][0] == pytest.approx(scores["accuracy_sequences"], abs=1e-12)
    assert average[0][1] == pytest.approx(scores["robustness_sequences"], abs=1e-12)
    assert failures[0][0] == scores["failures"]
    measured = measure_runs(bench.sequences, runs, replace(VOT2016, overlap="vot-toolkit"))
    each = [Run(one.overlaps[0], one.trajectories[0].failures) for one in measured]
    curve = expected_overlap_curve(each, rules="vot-toolkit")
    assert eao[0][0] == pytest.approx(expected_average_overlap(curve, 109, 372), abs=1e-6)


@needs_got10k
@pytest.mark.skipif(int(np.__version__.split(".")[0]) >= 2, reason="got10k's VOT code needs numpy < 1.24")
def test_got10k_vot(
    tmp_path: Path, vot: tuple[Benchmark, dict[str, list[Trajectory]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from got10k.datasets import VOT
    from got10k.experiments import ExperimentVOT

    bench, runs = vot
    root = tmp_path / "data"
    for sequence in bench.sequences:
        folder = root / sequence.name
        (folder / "color").mkdir(parents=True)
        for number in range(1, len(sequence) + 1):
            image = folder / "color" / f"{number:08d}.jpg"
            if number == 1:
                cv2.imwrite(str(image), np.zeros((240, 320, 3), np.uint8))
            else:
                image.touch()
            (folder / image.name).symlink_to(image)
        write_rows(folder / "groundtruth.txt", sequence.annotation)
        for tag in ("occlusion", "motion_change"):
            (folder / f"{tag}.tag").write_text("".join(f"{int(bit)}\n" for bit in sequence.tags[tag]))
    (root / "list.txt").write_text("\n".join(sequence.name for sequence in bench.sequences))
    monkeypatch.setattr(VOT, "_download", lambda *_: None)
    monkeypatch.setattr(ExperimentVOT, "plot_curves", lambda *_: None, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = ExperimentVOT(
            str(root), 2016, result_dir=str(tmp_path / "results"), report_dir=str(tmp_path / "reports")
        )
        theirs = experiment.report(["Ours"])["Ours"]
    scores = score_supervised(bench.sequences, runs, replace(VOT2016, overlap="exact", bounds="frame"))
    assert theirs["robustness"] == pytest.approx(scores["overall"]["robustness_tags"])
    measured = measure_runs(bench.sequences, runs, replace(VOT2016, overlap="exact", bounds="frame"))
    frames = np.concatenate([frame_accuracy(run) for run in measured])
    tagged = [np.concatenate([s.tags[tag] for s in bench.sequences]) for tag in bench.sequences[0].tags]
    means = [np.nanmean(frames[tag]) for tag in tagged]  # got10k counts the burn-in before it looks at tags
    accuracy = np.average(means, weights=[tag.sum() for tag in tagged])
    assert theirs["accuracy"] == pytest.approx(accuracy, abs=1e-9)
