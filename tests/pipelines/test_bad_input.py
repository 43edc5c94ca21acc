"""Bad input through the shells: one line with file and cure, exit status 1, finished work kept."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from curation.images.codec import codec
from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from curation.sample.training_set import generate_vid
from pipelines.__main__ import main
from pipelines.tools.profile import overlay

ROOT = Path(__file__).parents[2]
SMALL = SampleConfig(videos_per_subset=2, frames=6, sequence_frames=8)
VIDEO = "VID/train/ILSVRC2015_VID_train_0002"


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("built-in")
    generate_vid(root / "vid", SMALL, Workers(jobs=1))
    generate_sequences(root / "sequences", SMALL, Workers(jobs=1))
    return root


@pytest.fixture
def project(built_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder whose data stand outside, in `tmp_path/raw`; subset c only."""
    shutil.copytree(built_in, tmp_path / "raw")
    folder = tmp_path / "project"
    folder.mkdir()
    text = overlay(
        (ROOT / "params.yaml").read_text(),
        [
            {
                "dataset": {
                    "built_in": [],
                    "vid": "pipelines/profiles/ilsvrc15.yaml",
                    "sequences": "pipelines/profiles/benchmarks.yaml",
                    "subsets": ["c"],
                    "benchmarks": ["otb2013"],
                }
            }
        ],
    )
    (folder / "params.yaml").write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DSLT_JOBS", "1")
    monkeypatch.setenv("DSLT_VID_ROOT", str(tmp_path / "raw/vid"))
    monkeypatch.setenv("DSLT_OTB_ROOT", str(tmp_path / "raw/sequences"))
    return folder


def image(project: Path) -> Path:
    return next(iter(sorted((project.parent / "raw/vid/Data" / VIDEO).rglob("000003.JPEG"))))


def xml(project: Path) -> Path:
    return next(iter(sorted((project.parent / "raw/vid/Annotations" / VIDEO).rglob("000003.xml"))))


def replace(project: Path, old: str, new: str) -> None:
    text = xml(project).read_text()
    assert old in text
    xml(project).write_text(text.replace(old, new, 1))


def between(project: Path, tag: str, value: str) -> None:
    text = xml(project).read_text()
    start, end = text.index(f"<{tag}>") + len(tag) + 2, text.index(f"</{tag}>")
    xml(project).write_text(text[:start] + value + text[end:])


def same_track_twice(project: Path) -> None:
    text = xml(project).read_text()
    start, end = text.index("<object>"), text.index("</object>") + len("</object>")
    xml(project).write_text(text[:end] + text[start:end] + text[end:])


def outside(project: Path) -> None:
    for tag, value in (("xmin", "5000"), ("xmax", "5050")):
        between(project, tag, value)


FAULTS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "missing image": (lambda p: image(p).unlink(), ["000003.JPEG", "missing", "Restore"]),
    "truncated image": (lambda p: image(p).write_bytes(image(p).read_bytes()[:2000]), ["000003.JPEG"]),
    "empty image": (lambda p: image(p).write_bytes(b""), ["000003.JPEG"]),
    "no image": (lambda p: image(p).write_bytes(b"<html>not found</html>" * 50), ["000003.JPEG"]),
    "malformed XML": (lambda p: xml(p).write_text(xml(p).read_text()[:-20]), ["000003.xml"]),
    "empty XML": (lambda p: xml(p).write_bytes(b""), ["000003.xml"]),
    "box outside": (outside, ["000003.xml", "track", "outside"]),
    "negative size": (
        lambda p: (between(p, "xmax", "10"), between(p, "xmin", "90")),
        ["000003.xml", "track"],
    ),
    "NaN": (lambda p: between(p, "xmax", "NaN"), ["000003.xml", "xmax"]),
    "trackid": (lambda p: between(p, "trackid", "first"), ["000003.xml", "trackid", "first"]),
    "track twice": (same_track_twice, ["000003.xml", "track"]),
    "file name": (
        lambda p: between(p, "filename", "../../../etc/passwd"),
        ["000003.xml", "../../../etc/passwd"],
    ),
}


def curate() -> int:
    for words in (["manifest"], ["annotate", "c"], ["crop", "c"]):
        if status := main(words):
            return status
    return 0


def test_shards_that_other_libraries_cut_are_named(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert curate() == 0
    assert "were cut with" not in caplog.text
    monkeypatch.setattr("curation.images.codec.codec", lambda: "OpenCV 9.0.0, libjpeg 9")
    assert main(["crop", "c"]) == 0
    note = (
        f"note: 2 of 2 shards finished earlier were cut with {codec()}, but here is OpenCV 9.0.0, libjpeg 9"
    )
    assert note in caplog.text
    report = json.loads((project / "reports/crop/c.json").read_text())
    assert report["made_with"] == {codec(): 2}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_and_mending_it_goes_on(
    fault: str, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage, words = FAULTS[fault]
    kept = [(file, file.read_bytes()) for file in (image(project), xml(project))]
    damage(project)
    assert curate() == 1
    (error,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "\n" not in error
    assert all(word in error for word in words), error
    assert not (project / "data/crops/c/index.json").exists(), "nothing half-written is taken for whole"
    for file, content in kept:
        file.write_bytes(content)
    assert curate() == 0
    assert len(list((project / "data/crops/c").glob("*.tar"))) == 2


def test_the_skip_policy_counts_by_reason_and_fails_past_its_limit(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image(project).write_bytes(b"")
    assert main(["profile", "--set", "errors.policy=skip", "errors.max_skipped=0.5"]) == 0
    assert curate() == 0
    report = json.loads((project / "reports/crop/c.json").read_text())
    assert report["skipped"]["skipped"] >= 1
    assert sum(report["skipped"]["by_reason"].values()) == report["skipped"]["skipped"]
    assert "000003.JPEG" in str(report["skipped"]["examples"])
    assert main(["profile", "--set", "errors.max_skipped=0.0001"]) == 0
    assert curate() == 1
    assert "errors.max_skipped" in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: shutil.rmtree(raw / "vid"), ["does not exist", "vid_root"]),
        (lambda raw: shutil.rmtree(raw / "vid/Annotations"), ["Annotations"]),
        (
            lambda raw: [shutil.rmtree(f) for f in (raw / "vid/Data" / VIDEO).iterdir()],
            ["subset c has no videos", "0002"],
        ),
        (lambda raw: shutil.rmtree(raw / "vid/Data" / VIDEO), ["subset c"]),
        (
            lambda raw: next(iter(sorted(raw.rglob("Drifter/img/*.jpg")))).unlink(),
            ["Drifter", "lacks image 1"],
        ),
    ],
)
def test_missing_parts_are_named(
    change: Callable[[Path], object], words: list[str], project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change(project.parent / "raw")
    assert main(["manifest"]) == 1
    error = caplog.records[-1].getMessage()
    assert "\n" not in error
    assert all(word in error for word in words), error


def test_an_unset_root_says_how_to_set_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DSLT_VID_ROOT")
    assert main(["manifest"]) == 1
    assert "settings --set vid_root=" in caplog.records[-1].getMessage()


def test_a_slip_in_a_late_section_shows_at_the_first_stage(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("  epochs: ", "  epoch: ", 1))
    assert main(["manifest"]) == 1
    assert "train.epoch" in caplog.records[-1].getMessage()
    assert "'epochs'" in caplog.records[-1].getMessage()
