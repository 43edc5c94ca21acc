"""Runs and scores are those of vot-toolkit itself, in `.peers`, an environment that `make test` makes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipelines.__main__ import main
from tests.training.benchmark.builders import write_images, write_rows
from tests.training.benchmark.test_peers import Draw, films, walk
from tests.training.tracking.scenes import moving_target
from tests.waiting import HUNG
from training.benchmark.results.result_reader import read_results
from training.benchmark.score import score_benchmark
from training.benchmark.scores.vot_rules import VOT_RULES, VotRules
from training.benchmark.scores.vot_scores import score_supervised
from training.benchmark.sequences.anchors import FILE, spread_anchors
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.trajectory import Trajectory, write_anchored, write_trajectories

ROOT = Path(__file__).parents[3]
PEERS = ROOT / ".peers"
SCRIPT = Path(__file__).with_name("toolkit_script.py")
VERSIONS = ("0.7.4", "0.9.0")


def toolkit(version: str, *words: str | Path, binary: bool = False) -> dict[str, Any]:
    """What that version of the toolkit says, by kind of experiment."""
    place = PEERS / f"vot-{version}"
    if not place.is_dir():
        pytest.skip(f"{place} is not here: make {PEERS.name}/.installed")
    done = subprocess.run(
        [str(PEERS / "bin/python"), str(SCRIPT), *map(str, words)],
        env={
            **os.environ,
            "PYTHONPATH": str(place),
            "VOT_RESULTS_BINARY": str(int(binary)),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=HUNG,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def bundle(root: Path, truths: dict[str, np.ndarray]) -> None:
    """Sequences as VOT distributes them, with small images."""
    for name, truth in truths.items():
        write_images(root / name, [f"{number:08d}.jpg" for number in range(1, len(truth) + 1)], (320, 240))
        write_rows(root / name / "groundtruth.txt", truth.round(2))
    (root / "list.txt").write_text("".join(f"{name}\n" for name in truths))


def listed(root: Path, lengths: tuple[int, int]) -> str:
    """A list of one's own of that bundle."""
    names = (root / "list.txt").read_text().split()
    form = {"gt_file": "groundtruth.txt", "image": "%08d.jpg"}
    listing = {
        "schema": 1,
        "benchmark": "mine",
        "title": "Mine",
        "kind": "vot",
        "protocol": "multistart",
        "eao_interval": lengths,
        "sequences": [{"name": name, "folder": name, **form} for name in names],
    }
    (root / "mine.json").write_text(json.dumps(listing))
    return str(root / "mine.json")


def write_anchors(folder: Path, truth: np.ndarray) -> None:
    values = np.zeros(len(truth), int)
    for anchor in spread_anchors(truth):
        values[anchor.frame] = -1 if anchor.backwards else 1
    (folder / FILE).write_text("".join(f"{value}\n" for value in values))


def targets() -> dict[str, np.ndarray]:
    """Truths whose targets leave the image, are gone for a while, or have no size in a frame."""
    draw = Draw(5)
    lengths = {"alpha": 130, "beta": 41, "gamma": 62}
    truths = {name: (walk(draw, frames) * [0.6, 0.6, 1, 1]).round(2) for name, frames in lengths.items()}
    truths["alpha"][70:76] = np.nan
    truths["gamma"][30, 2] = 0
    return truths


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.xdist_group("vot-toolkit")
def test_the_toolkit_scores_multistart_runs_as_we_do(version: str, tmp_path: Path) -> None:
    draw, truths = Draw(6), targets()
    bundle(tmp_path / "sequences", truths)
    for name, truth in truths.items():
        write_anchors(tmp_path / "sequences" / name, truth)
        runs = {}
        for anchor in spread_anchors(truth):
            rows = list(anchor.rows(len(truth)))
            boxes = np.nan_to_num(truth[rows], nan=50.0) + 8 * draw(len(rows), 4) - 4
            if len(rows) > 60:
                boxes[-15:, 0] += 300  # fails
            if anchor.frame == 50:
                boxes[:12, 0] += 300  # from its first frame on
            run = Trajectory.from_boxes(boxes.round(4))
            run.codes[len(rows) // 2] = 0  # says that it knows nothing
            run.regions[len(rows) // 2] = np.nan
            runs[anchor.frame] = run
        write_anchored(tmp_path / "work/multistart/results/ours", name, runs)
    theirs = toolkit(version, tmp_path / "sequences", tmp_path / "work", 20, 90, "multistart")["multistart"]
    bench = load_benchmark(listed(tmp_path / "sequences", (20, 90)), [tmp_path / "sequences"])
    ours = score_benchmark(bench, tmp_path / "work/multistart/results").trackers["ours"]
    for key in ("eao", "accuracy", "robustness"):
        assert ours.overall.values[f"multistart_{key}"] == pytest.approx(theirs[key], abs=1e-12), key
    assert 0.1 < theirs["eao"] < 0.9
    assert 0.1 < theirs["robustness"] < 0.95
    for name, numbers in theirs["sequences"].items():
        values = ours.sequences[name].values
        mine = [values["multistart_accuracy"], values["multistart_robustness"]]
        assert mine == pytest.approx(numbers, abs=1e-12), name


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.xdist_group("vot-toolkit")
def test_the_toolkit_scores_supervised_runs_as_we_do(version: str, tmp_path: Path) -> None:
    sequences, runs = films()
    bundle(tmp_path / "sequences", {one.name: one.ground_truth for one in sequences})
    for name, trajectories in runs.items():
        write_trajectories(tmp_path / "work/supervised/results/ours", name, trajectories)
    rules = VotRules(VOT_RULES["vot2016"].lengths, overlap="vot-toolkit", eao="vot-toolkit")
    low, high = rules.lengths
    theirs = toolkit(version, tmp_path / "sequences", tmp_path / "work", low, high, "supervised")[
        "supervised"
    ]
    ours = score_supervised(sequences, runs, rules)
    assert ours["overall"]["accuracy_sequences"] == pytest.approx(theirs["accuracy"], abs=1e-12)
    assert ours["overall"]["robustness_sequences"] == pytest.approx(theirs["robustness"], abs=1e-12)
    assert ours["overall"]["eao"] == pytest.approx(theirs["eao"], abs=1e-6)  # it computes in single precision
    for name, (accuracy, failures) in theirs["sequences"].items():
        mine = ours["sequences"][name]
        assert [mine["accuracy"], mine["failures"]] == pytest.approx([accuracy, failures], abs=1e-12), name


@pytest.mark.xdist_group("vot-toolkit")
@pytest.mark.parametrize("binary", [False, True])
def test_the_toolkit_runs_our_tracker_as_we_do(
    binary: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Multistart, by 0.7.4 through TraX; its tree is read as it is, text or binary."""
    sequences = tmp_path / "sequences"
    for seed, (name, frames) in enumerate({"alpha": 14, "beta": 9}.items()):
        images, boxes = moving_target(frames, seed=seed, start=(60.0, 40.0))
        bundle(sequences, {name: boxes})
        for number, image in enumerate(images, start=1):
            cv2.imwrite(str(sequences / name / f"{number:08d}.jpg"), image)
        values = [1, *[0] * (frames - 4), -1, 0, -1]
        (sequences / name / FILE).write_text("".join(f"{value}\n" for value in values))
    (sequences / "list.txt").write_text("alpha\nbeta\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_JOBS", "1")
    Path("params.yaml").write_text("track: {}\n")
    serve = [sys.executable, "-m", "pipelines", "vot", "--tracker", "template"]
    script = (
        f"cd {shlex.quote(str(tmp_path))} && PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(serve)}"
    )
    command = shlex.join(["sh", "-c", script])
    toolkit("0.7.4", sequences, tmp_path / "work", 2, 8, f"multistart={command}", binary=binary)
    where = ["--root", str(sequences)]
    assert main(["track", "vot2022", *where, "--tracker", "template", "--out", "runs"]) == 0
    capsys.readouterr()
    bench = load_benchmark("vot2022", [sequences])
    theirs = read_results(tmp_path / "work/multistart/results", "ours", bench).runs
    ours = read_results(Path("runs"), "template", bench).runs
    assert list(tmp_path.rglob("*.bin" if binary else "alpha_0000*.txt"))
    for name, runs in ours.items():
        assert len(runs) == 3
        for mine, their in zip(runs, theirs[name], strict=True):
            np.testing.assert_array_equal(mine.codes, their.codes)
            np.testing.assert_allclose(mine.regions, their.regions, atol=0.011)
    assert main(["evaluate", "vot2022", "work/multistart/results", *where]) == 0
    assert "VOT2022, multistart, overlap rule vot-toolkit" in capsys.readouterr().out
