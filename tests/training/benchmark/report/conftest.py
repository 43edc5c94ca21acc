"""A small benchmark of each kind, scored by the real scorer, for the report to show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from curation.files import write_json
from training.benchmark.report.content import Picture, ReportContent
from training.benchmark.report.filmstrips import choose_filmstrips
from training.benchmark.results.result_reader import read_results
from training.benchmark.score import score_benchmark
from training.benchmark.scores.score_document import Scores
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.sequences.sequence import Benchmark
from training.benchmark.trajectory import Trajectory, write_trajectories
from training.epochs import CURVES, EpochRow, read_curves, write_curves

FRAMES = 24
WIDTH, HEIGHT = 160, 120
DRIFT = {"siamese": 0.2, "template": 0.9, "still": 2.0}
"""Tracker -> pixels a frame by which its boxes leave the target."""

PIPELINE = Path(__file__).parents[4] / "pipelines" / "pipeline.svg"


def truth(seed: int) -> np.ndarray:
    """(FRAMES, 4) xywh, 1-based, of a target that wanders slowly."""
    steps = np.random.default_rng(seed).normal(0, 1.5, (FRAMES, 2))
    corner = np.clip(np.cumsum(steps, axis=0) + np.array([60, 45]), 5, 90)
    return np.column_stack([corner, np.full(FRAMES, 30.0), np.full(FRAMES, 24.0)]).round()


def drifted(boxes: np.ndarray, speed: float) -> np.ndarray:
    result = boxes.copy()
    result[:, 0] += speed * np.arange(len(boxes))
    return result


def draw_frames(folder: Path, boxes: np.ndarray, pattern: str) -> None:
    folder.mkdir(parents=True)
    ground = np.random.default_rng(7).integers(60, 160, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    for index, (x, y, w, h) in enumerate(boxes.astype(int), start=1):
        frame = cv2.rectangle(ground.copy(), (x, y), (x + w, y + h), (30, 200, 240), -1)
        cv2.imwrite(str(folder / (pattern % index)), frame)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with sequences in OTB's and VOT's layout and their lists, and results of three trackers."""
    root = tmp_path_factory.mktemp("benchmarks")
    entries = []
    for seed, (name, tags) in enumerate(
        {"Ant": ["IV"], "Bee": ["IV", "SV"], "Cat": [], "Dog": ["SV"]}.items()
    ):
        boxes = truth(seed)
        draw_frames(root / "OTB" / name / "img", boxes, "%04d.jpg")
        np.savetxt(root / "OTB" / name / "groundtruth_rect.txt", boxes, fmt="%d", delimiter=",")
        entries.append({"name": name, "folder": name, "end_frame": FRAMES, "attributes": tags})
        for tracker, speed in DRIFT.items():
            folder = root / "results" / "otb2013" / tracker
            folder.mkdir(parents=True, exist_ok=True)
            np.savetxt(folder / f"{name}.txt", drifted(boxes, speed * (1 + seed)), fmt="%.4f", delimiter=",")
    lost = {"name": "Elk", "folder": "Elk", "end_frame": FRAMES}
    header = {"schema": 1, "title": "OTB-2013", "kind": "ope", "folders": ["OTB"], "attributes": ["IV", "SV"]}
    write_json(root / "otb2013.json", {**header, "benchmark": "otb2013", "sequences": [*entries, lost]})
    _write_vot(root)
    return root


def _write_vot(root: Path) -> None:
    entries = []
    for seed, name in enumerate(("eel", "fox")):
        boxes = truth(10 + seed) - (1, 1, 0, 0)
        folder = root / "VOT2016" / name
        draw_frames(folder, boxes, "%08d.jpg")
        x, y, w, h = boxes.T
        corners = np.column_stack([x, y + 4, x + w, y, x + w, y + h - 4, x, y + h])
        np.savetxt(folder / "groundtruth.txt", corners, fmt="%.2f", delimiter=",")
        (folder / "occlusion.tag").write_text("\n".join("01"[i % 3 == 0] for i in range(FRAMES)))
        entry = {"name": name, "folder": name, "gt_file": "groundtruth.txt", "image": "%08d.jpg"}
        entries.append({**entry, "end_frame": FRAMES, "size": [WIDTH, HEIGHT]})
        for tracker, speed in DRIFT.items():
            run: list[list[float]] = [[1]]
            run += [row.tolist() for row in drifted(boxes, speed)[1:]]
            if tracker == "still":
                run[10:16] = [[2], [0], [0], [0], [0], [1]]
            write_trajectories(root / "results" / "vot2016" / tracker, name, [Trajectory.from_rows(run)])
    header = {
        "schema": 1,
        "title": "VOT2016",
        "kind": "vot",
        "folders": ["VOT2016"],
        "attributes": ["occlusion"],
    }
    write_json(root / "vot2016.json", {**header, "benchmark": "vot2016", "sequences": entries})


@pytest.fixture(scope="session")
def otb(root: Path) -> Benchmark:
    return load_benchmark("otb2013", [root])


@pytest.fixture(scope="session")
def vot(root: Path) -> Benchmark:
    return load_benchmark("vot2016", [root])


@pytest.fixture(scope="session")
def scores(root: Path, otb: Benchmark, vot: Benchmark) -> dict[str, Scores]:
    """Of both benchmarks, as the scorer makes them."""
    return {
        benchmark.name: score_benchmark(benchmark, root / "results" / benchmark.name)
        for benchmark in (otb, vot)
    }


def recorded(folder: Path, rows: Sequence[EpochRow]) -> list[EpochRow]:
    """Rows as the training stage writes them and the score stage reads them."""
    write_curves(folder / CURVES, rows)
    return read_curves(folder / CURVES)


@pytest.fixture(scope="session")
def content(root: Path, otb: Benchmark, vot: Benchmark, scores: dict[str, Scores]) -> ReportContent:
    """A report with every section."""
    films = []
    for benchmark in (otb, vot):
        results = {name: read_results(root / "results" / benchmark.name, name, benchmark) for name in DRIFT}
        films += choose_filmstrips(benchmark, results, leader="siamese", worst=1, best=1, frames=4)
    sheet = root / "sheet.jpg"
    cv2.imwrite(str(sheet), np.full((200, 300, 3), 90, np.uint8))
    return ReportContent(
        title="Test report",
        scores=scores,
        labels={"siamese": "Siamese network"},
        imported=["template"],
        synthetic=True,
        filmstrips=films,
        curves=recorded(root, [EpochRow(n, 1 / n, 0.1**n, 2.0, 1.2 / n, 9.0 / n) for n in (1, 2, 3)]),
        parts={
            "a": {"pairs": 3000, "share": 0.75, "videos": 12},
            "mine": {"pairs": 1000, "share": 0.25, "videos": 1},
        },
        training_pictures=[Picture(image=sheet, alt="pairs", columns=["left", "right"])],
        quality=[Picture(image=sheet, alt="contact sheet of crops", caption="Crops")],
        pipeline=PIPELINE,
        parameters="train:\n  seed: 1 # of everything\n",
        digests={"params.yaml": "0123abcd"},
    )
