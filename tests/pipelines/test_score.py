"""The score stage by itself: imported results beside ours, and what is wrong with them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lxml import html

from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from pipelines import score
from pipelines.__main__ import main
from pipelines.tools.profile import overlay
from tests.training.benchmark.scored import scored
from training.benchmark.results.result_writer import write_boxes, write_runs
from training.benchmark.sequences.benchmark_loader import load_benchmark
from training.benchmark.trajectory import Trajectory

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with sequences and with results of a tracker that stays where it was."""
    folder = tmp_path_factory.mktemp("tracked")
    generate_sequences(folder / "raw", SampleConfig(sequence_frames=8), Workers(jobs=1))
    values = {
        "sequences": "pipelines/profiles/benchmarks.yaml",
        "built_in": ["vid"],
        "benchmarks": ["otb2013", "vot2016"],
    }
    (folder / "params.yaml").write_text(overlay((ROOT / "params.yaml").read_text(), [{"dataset": values}]))
    for name in values["benchmarks"]:
        benchmark = load_benchmark(name, [folder / "raw"])
        for one in benchmark.sequences:
            still = np.tile(one.ground_truth[0, :4], (len(one), 1))
            if name == "otb2013":
                write_boxes(folder / "data/results/otb2013", "siamese", benchmark, one, still)
                continue
            run = Trajectory.from_boxes(still)
            for experiment in ("baseline", "unsupervised"):
                write_runs(
                    folder / "data/results/vot2016", "siamese", benchmark, one, [run], experiment=experiment
                )
    return folder


@pytest.fixture
def project(tracked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(tracked, folder)
    monkeypatch.chdir(folder)
    for name in ("OTB", "VOT2016"):
        monkeypatch.setenv(f"DSLT_{name}_ROOT", str(folder / "raw"))
    return folder


Metrics = dict[str, dict[str, dict[str, dict[str, float]]]]
"""Benchmark -> protocol -> tracker -> number."""


def scores(project: Path, file: str = "numbers") -> Metrics:
    assert main(["score"]) == 0
    found: Metrics = json.loads((project / f"reports/score/{file}.json").read_text())
    return found


def test_imported_trackers_stand_beside_ours(project: Path) -> None:
    mine = project / "data/results"
    shutil.copytree(mine / "otb2013/siamese", project / "data/imported/otb2013/KCF")
    found = scores(project)
    otb = found["otb2013"]["matlab"]
    assert otb["KCF"] == otb["siamese"]
    assert {"auc", "dp20", "op50"} == set(otb["KCF"])
    assert "ao" in found["vot2016"]["vot2016"]["siamese"]
    small = json.loads((project / "reports/score/metrics.json").read_text())
    assert small["otb2013"]["matlab"] == {"siamese": {"auc": otb["siamese"]["auc"]}}, "what a run is about"
    page = (project / "reports/index.html").read_text()
    assert "imported results" in page
    films = html.fromstring(page).xpath("//article[contains(., 'frame 1')]")
    assert len(films) > 2
    assert ["KCF" in film.text_content() for film in films[:2]] == [True, True]
    assert "KCF" in (project / "reports/score/plots/success.csv").read_text()


def test_filmstrips_show_the_best_imported_trackers_only() -> None:
    overall = {"siamese": 0.9, "A": 0.2, "B": 0.5, "C": None, "D": 0.4, "E": 0.5}
    document = scored(trackers={name: {"auc": auc} for name, auc in overall.items()})
    assert score._best(document, {"A", "B", "C", "D", "E"}) == ["B", "E", "D"]


def test_dvc_shows_the_protocol_beside_every_number_and_compares_within_one(project: Path) -> None:
    def dvc(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words], check=True, capture_output=True, text=True, cwd=project
        )
        return done.stdout

    def git(*words: str) -> None:
        subprocess.run(["git", *words], check=True, capture_output=True, cwd=project)

    file = "reports/score/metrics.json"
    (project / "dvc.yaml").write_text(
        f"stages:\n  score:\n    cmd: python -m pipelines score\nmetrics: [{file}]\n"
    )
    before = scores(project, "metrics")["otb2013"]["matlab"]["siamese"]["auc"]
    git("init", "-q")
    dvc("init", "-q")
    git("add", "dvc.yaml", file)
    git("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "before")
    shown = dvc("metrics", "show", "--md")
    assert "otb2013.matlab.siamese.auc" in shown
    assert "vot2016.vot2016.siamese.accuracy" in shown

    first = next((project / "data/results/otb2013/siamese").iterdir())
    first.write_text(first.read_text().splitlines()[0] + "\n" + "900,900,5,5\n" * 7)
    after = scores(project, "metrics")["otb2013"]["matlab"]["siamese"]["auc"]
    assert after < before
    changes = json.loads(dvc("metrics", "diff", "--json"))[file]
    assert changes["otb2013.matlab.siamese.auc"]["diff"] == pytest.approx(after - before)

    (project / "params.yaml").write_text(
        overlay((project / "params.yaml").read_text(), [{"score": {"protocol": "got10k"}}])
    )
    scores(project)
    changes = json.loads(dvc("metrics", "diff", "--json"))[file]
    assert "diff" not in changes["otb2013.matlab.siamese.auc"]  # other rules: nothing to subtract
    assert "new" in changes["otb2013.got10k.siamese.auc"]


def test_an_unsound_imported_tracker_is_left_out_and_named(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    imported = project / "data/imported/otb2013"
    for name in ("KCF", "DSST"):
        shutil.copytree(project / "data/results/otb2013/siamese", imported / name)
    for path in (imported / "KCF").iterdir():
        path.write_text(path.read_text() + "1,2,3,4\n")
    assert main(["score"]) == 0
    [line] = [record.getMessage() for record in caplog.records if "is left out" in record.getMessage()]
    assert "data/imported/otb2013/KCF is left out: " in line
    assert "9 rows, but 8 frames" in line
    scores = json.loads((project / "reports/score/scores.json").read_text())["otb2013"]
    assert "DSST" in scores["trackers"]
    assert list(scores["unsound"]) == ["KCF"]
    assert "left out, as their results cannot be scored: KCF" in (project / "reports/index.html").read_text()


@pytest.mark.parametrize(
    ("inside", "answer"),
    [
        ("otb2103/KCF", "is named 'otb2103'. Did you mean otb2013?"),
        (
            "otb2013/siamese",
            "otb2013/siamese has the name of a tracker of this pipeline. Rename the folder",
        ),
    ],
)
def test_what_is_wrong_with_imported_results(
    project: Path, caplog: pytest.LogCaptureFixture, inside: str, answer: str
) -> None:
    folder = project / "data/imported" / inside
    shutil.copytree(project / "data/results/otb2013/siamese", folder)
    assert main(["score"]) == 1
    assert answer in caplog.text
    assert not (project / "reports/index.html").exists()


def test_a_benchmark_that_is_partly_there_is_marked(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    duet = load_benchmark("otb2013", [project / "raw"])["Duet.1"]
    shutil.rmtree(duet.frames[0].parents[1])
    scores(project)
    assert "otb2013 is partial: 2 sequences missing" in caplog.text
    page = (project / "reports/index.html").read_text()
    assert "is partial: 2 sequences are not here (Duet.1, Duet.2)" in page


@pytest.mark.parametrize(
    "content",
    [
        "<<<<<<< HEAD\n",
        "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a:\n=======\n>>>>>>> theirs\n",
        "stages: 3",
        "stages: {a: [1]}",
        "stages: {a: {outs: [{md5: 1}]}}",
        "a: &a [*a]",
        "\0",
    ],
)
def test_a_damaged_lock_is_told_before_the_work(
    project: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    (project / "dvc.lock").write_text(content)
    assert main(["score"]) == 1
    (error,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert error.startswith("error: dvc.lock")
    assert "git checkout dvc.lock" in error
    assert not (project / "reports/index.html").exists()


def test_an_empty_lock_has_no_digests(project: Path) -> None:
    (project / "dvc.lock").write_text("schema: '2.0'\n")
    scores(project)


@pytest.mark.parametrize("name", ["\x01x", "\x1b[31mred", "\udce9"], ids=["control", "colour", "no UTF-8"])
def test_an_imported_tracker_whose_name_cannot_be_printed(
    project: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    shutil.copytree(project / "data/results/otb2013/siamese", project / "data/imported/otb2013" / name)
    assert main(["score"]) == 0  # the others are scored
    [line] = [record.getMessage() for record in caplog.records if "is left out" in record.getMessage()]
    assert "cannot be printed. Rename its folder" in line
    assert line.isprintable()
