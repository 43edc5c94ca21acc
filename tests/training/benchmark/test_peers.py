"""Our numbers are those of the got10k and vot-toolkit packages, on sequences that are made here.

Most of theirs were taken once, of these very results, and stand below: neither package installs beside ours. They were
got10k 0.1.3 and vot-toolkit 0.7.4, with attributee 0.1.9 and numpy 1.23.5, under Python 3.11. GOT-10k's own report runs
here, in `.peers`, an environment that `make test` makes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.training.benchmark.builders import sequence, vot_sequence, write_images
from tests.training.benchmark.overlap.test_regions import rotated
from training.benchmark.arrays import Array
from training.benchmark.results.result_writer import write_boxes
from training.benchmark.score import score_benchmark
from training.benchmark.scores.accuracy import frame_accuracy
from training.benchmark.scores.eao import Run, expected_average_overlap, expected_overlap_curve
from training.benchmark.scores.one_pass import sequence_curves
from training.benchmark.scores.one_pass_summary import summary
from training.benchmark.scores.vot_rules import VOT_RULES, VotRules
from training.benchmark.scores.vot_scores import measure_runs, score_supervised
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Sequence
from training.benchmark.trajectory import Trajectory

OTB = {"Deer": 71, "Skiing": 81, "MotorRolling": 164}
UAV = {"bird1_1": 253, "car1_s": 1475}
VOT = {"alpha": 420, "beta": 150, "gamma": 260}

OTB_SCORES = {
    "Deer": (0.38363514419852457, 0.8591549295774648, 0.38028169014084506),
    "Skiing": (0.4273956496178717, 0.8271604938271605, 0.4567901234567901),
    "MotorRolling": (0.4343786295005807, 0.8597560975609756, 0.4451219512195122),
    "overall": (0.4151364744389922, 0.8486905069885337, 0.42739792160571577),
}
UAV_SCORES = {
    "bird1_1": (0.4488044144696504, 0.776824034334764, 0.5579399141630901),
    "car1_s": (0.4640157093765341, 0.829553264604811, 0.5697594501718213),
    "overall": (0.4564100619230923, 0.8031886494697875, 0.5638496821674557),
}
"""By got10k: success score, precision score, success rate."""


class Draw:
    """Numbers in [0, 1) that are the same for ever: a linear congruential generator."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def __call__(self, *shape: int) -> Array:
        numbers = []
        for _ in range(int(np.prod(shape))):
            self.state = (1103515245 * self.state + 12345) % 2**31
            numbers.append((self.state >> 8) / 2**23)
        return np.array(numbers).reshape(shape)


def walk(draw: Draw, frames: int) -> Array:
    """Whole boxes, 1-based, that wander and change their size."""
    corner = np.clip(np.cumsum(10 * draw(frames, 2) - 5, axis=0) + 100, 1, 400)
    size = np.clip(np.cumsum(4 * draw(frames, 2) - 2, axis=0) + 40, 8, 90)
    return np.concatenate([corner, size], axis=1).round()


def follow(draw: Draw, truth: Array) -> Array:
    """A tracker's boxes: noisy, sometimes far away, without size, or lost."""
    boxes = np.nan_to_num(truth, nan=50.0) + 24 * draw(*truth.shape) - 12
    boxes[draw(len(truth)) < 0.1, 0] += 300
    boxes[draw(len(truth)) < 0.05, 2] = 0
    boxes[draw(len(truth)) < 0.05] = np.nan
    boxes[0] = truth[0]
    return boxes.round(4)


def tracked(lengths: dict[str, int], seed: int, absent: slice) -> dict[str, tuple[Array, Array]]:
    """Truth and answers of each sequence."""
    draw, found = Draw(seed), {}
    for name, frames in lengths.items():
        truth = walk(draw, frames)
        truth[absent] = np.nan
        found[name] = truth, follow(draw, truth)
    return found


def film(draw: Draw, name: str, frames: int) -> tuple[Sequence, Trajectory, Trajectory]:
    """A sequence with turned boxes, a supervised and an unsupervised run on it."""
    centres = np.cumsum(8 * draw(frames, 2) - 4, axis=0) + np.array([160, 120])
    centres = np.clip(centres, 30, np.array([290, 210]))
    angles = np.cumsum(0.2 * draw(frames) - 0.1)
    sizes = np.array([50, 30]) + 10 * draw(frames, 2) - 5
    truth = np.concatenate([rotated(*c, *s, a) for c, s, a in zip(centres, sizes, angles, strict=True)])
    tags = {tag: draw(frames) < 0.3 for tag in ("occlusion", "motion_change")}
    tags["empty"] = ~(tags["occlusion"] | tags["motion_change"])
    answers = np.concatenate([centres - sizes / 2, sizes], axis=1) + 20 * draw(frames, 4) - 10
    fails = draw(frames) < 0.01
    rows: list[list[float]] = []
    restart = 0
    for i in range(frames):
        if i <= restart:
            rows.append([int(i == restart)])
        elif fails[i]:
            rows.append([2])
            restart = i + 5
        else:
            rows.append(answers[i].round(4).tolist())
    made = vot_sequence(name, truth.round(2), (320, 240), tags=tags)
    return made, Trajectory.from_rows(rows), Trajectory.from_boxes(answers.round(4))


def films() -> tuple[list[Sequence], dict[str, list[Trajectory]]]:
    draw = Draw(3)
    made = [film(draw, name, frames) for name, frames in VOT.items()]
    return [one for one, _, _ in made], {one.name: [run] for one, run, _ in made}


@pytest.mark.parametrize(
    ("lengths", "seed", "absent", "theirs"),
    [(OTB, 1, slice(0), OTB_SCORES), (UAV, 2, slice(20, 40), UAV_SCORES)],
    ids=["otb", "uav123, where absent targets are left out"],
)
def test_got10k(
    lengths: dict[str, int], seed: int, absent: slice, theirs: dict[str, tuple[float, ...]]
) -> None:
    found = tracked(lengths, seed, absent)
    sequences = [sequence(name, truth) for name, (truth, _) in found.items()]
    results = {name: boxes for name, (_, boxes) in found.items()}
    curves = sequence_curves(results, sequences, "got10k", absent_rows=lengths is UAV)
    ours = {name: summary(curves, np.array([place])) for place, name in enumerate(found)}
    ours["overall"] = summary(curves)
    for name, numbers in theirs.items():
        mine = [ours[name][key] for key in ("auc", "dp20", "op50")]
        assert mine == pytest.approx(numbers, abs=1e-12), name


def test_vot_toolkit() -> None:
    """Accuracy and robustness as it averages them, failures, EAO."""
    sequences, runs = films()
    rules = VotRules(VOT_RULES["vot2016"].lengths, overlap="vot-toolkit", eao="vot-toolkit")
    scores = score_supervised(sequences, runs, rules)["overall"]
    assert scores["accuracy_sequences"] == pytest.approx(0.5006064527154181, abs=1e-12)
    assert scores["robustness_sequences"] == pytest.approx(1.6385542168674698, abs=1e-12)
    assert scores["failures"] == 4
    each = [
        Run(one.overlaps[0], one.trajectories[0].failures) for one in measure_runs(sequences, runs, rules)
    ]
    curve = expected_overlap_curve(each, rules="vot-toolkit")
    assert expected_average_overlap(curve, *rules.interval) == pytest.approx(0.36602773437490704, abs=1e-6)


def test_got10k_vot() -> None:
    """It counts the burn-in before it looks at tags."""
    sequences, runs = films()
    rules = VotRules(VOT_RULES["vot2016"].lengths, overlap="exact", bounds="frame")
    scores = score_supervised(sequences, runs, rules)["overall"]
    assert scores["robustness_tags"] == pytest.approx(1.7282728272827281)
    frames = np.concatenate([frame_accuracy(run) for run in measure_runs(sequences, runs, rules)])
    tagged = [np.concatenate([one.tags[tag] for one in sequences]) for tag in sequences[0].tags]
    means = [np.nanmean(frames[tag]) for tag in tagged]
    accuracy = np.average(means, weights=[tag.sum() for tag in tagged])
    assert accuracy == pytest.approx(0.4982260409847932, abs=1e-9)


PEERS = Path(__file__).parents[3] / ".peers/bin/python"
REPORT = """
import json, sys
from got10k.experiments import ExperimentGOT10k

tree, results, reports = sys.argv[1:]
experiment = ExperimentGOT10k(tree, subset="val", result_dir=results, report_dir=reports)
found = experiment.report(["ours"])["ours"]
print("\\n" + json.dumps({**found["overall"], "sequences": found["seq_wise"]}))
"""


def got10k_tree(root: Path, draw: Draw) -> None:
    """Sequences of GOT-10k's validation set as it is distributed, images included."""
    names = [f"GOT-10k_Val_{number:06d}" for number in range(1, 5)]
    (root / "val").mkdir(parents=True)
    (root / "val/list.txt").write_text("".join(f"{name}\n" for name in names))
    for name, frames in zip(names, (12, 30, 7, 21), strict=True):
        folder = root / "val" / name
        write_images(folder, [f"{number:08d}.jpg" for number in range(1, frames + 1)], (320, 240))
        truth = walk(draw, frames) * [0.7, 0.5, 1, 1] - [60, 20, 0, 0]  # some boxes reach beyond the image
        np.savetxt(folder / "groundtruth.txt", truth, fmt="%.4f", delimiter=",")
        cover = (9 * draw(frames)).astype(int)
        for label, values in (("cover", cover), ("absence", cover == 0), ("cut_by_image", cover < 8)):
            np.savetxt(folder / f"{label}.label", values, fmt="%d")
        (folder / "meta_info.ini").write_text("[METAINFO]\nurl: none\nresolution: (320, 240)\n")


def test_got10ks_own_package_reads_ours_and_gives_the_same(tmp_path: Path) -> None:
    if not PEERS.is_file():
        pytest.skip(f"{PEERS} is not here: make {PEERS.parents[1].name}/.installed")
    draw = Draw(7)
    got10k_tree(tmp_path / "GOT-10k", draw)
    bench = load_benchmark("got10k_val", [tmp_path])
    assert len(bench.sequences) == 4
    for tracker in ("ours", "second"):
        for one in bench.sequences:
            boxes = one.ground_truth + 24 * draw(*one.ground_truth.shape) - 12
            boxes[0] = one.ground_truth[0]
            seconds = 0.01 + draw(len(boxes))
            write_boxes(tmp_path / "results", tracker, bench, one, boxes, form="got10k", seconds=seconds)
    for file in (tmp_path / "results/GOT-10k/second").rglob("*_001.txt"):  # as a repetition
        name = file.parent.name
        file.rename(tmp_path / "results/GOT-10k/ours" / name / f"{name}_002.txt")
    shutil.rmtree(tmp_path / "results/GOT-10k/second")
    done = subprocess.run(
        [str(PEERS), "-c", REPORT, *(str(tmp_path / name) for name in ("GOT-10k", "results", "reports"))],
        env={**os.environ, "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout.splitlines()[-1])
    ours = score_benchmark(bench, tmp_path / "results").trackers["ours"]
    assert ours.overall.values["average_overlap"] == pytest.approx(theirs["ao"], abs=1e-9)
    assert ours.overall.values["sr_50"] == pytest.approx(theirs["sr"], abs=1e-9)
    assert 0.2 < theirs["ao"] < 0.9
    for name, numbers in theirs["sequences"].items():
        assert ours.sequences[name].values["average_overlap"] == pytest.approx(numbers["ao"], abs=1e-9)
    assert 0 < (ours.overall.values["sr_75"] or 0) < theirs["sr"]
